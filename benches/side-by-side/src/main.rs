//! Inflates the gzip objects below a folder on some threads, keeps nothing, and says how fast that went.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use walkdir::WalkDir;

/// What the streaming engine reads and writes at a time.
const PIECE: usize = 256 * 1024;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, threads, folder] = arguments.as_slice() else {
        bail!("usage: egressmap-floor libdeflate|zlib-rs THREADS FOLDER");
    };
    let inflate = engine_named(engine)?;
    let threads: usize = threads.parse().context("expected a number of threads")?;
    let objects = objects_below(Path::new(folder))?;
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let begun = Instant::now();
    thread::scope(|scope| {
        let work = || -> Result<()> {
            let mut room = Room::default();
            while let Some(path) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                let inflated = inflate(path, &mut room).with_context(|| path.display().to_string())?;
                bytes.fetch_add(inflated, Ordering::Relaxed);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread is gone"))?)
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let gigabytes = bytes.into_inner() as f64 / 1e9;
    let rate = gigabytes / seconds;
    writeln!(
        io::stdout(),
        "{engine}: {gigabytes:.3} GB of text in {seconds:.3} s, {rate:.3} GB/s"
    )?;
    Ok(())
}

/// What a thread keeps from object to object.
#[derive(Default)]
struct Room {
    stored: Vec<u8>,
    text: Vec<u8>,
}

/// Inflates one object and says how many bytes that gave.
type Inflate = fn(&Path, &mut Room) -> Result<u64>;

fn engine_named(name: &str) -> Result<Inflate> {
    match name {
        "libdeflate" => Ok(whole),
        "zlib-rs" => Ok(streamed),
        _ => bail!("expected libdeflate or zlib-rs, found {name:?}"),
    }
}

/// A whole object at once: it holds one gzip member, whose last four bytes are the length of its text.
fn whole(path: &Path, room: &mut Room) -> Result<u64> {
    room.stored.clear();
    File::open(path)?.read_to_end(&mut room.stored)?;
    let length = room.stored.last_chunk().context("too short for gzip")?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    if room.text.len() < length {
        room.text.resize(length, 0);
    }
    let inflated = libdeflater::Decompressor::new().gzip_decompress(&room.stored, &mut room.text)?;
    Ok(u64::try_from(inflated)?)
}

/// A piece at a time, as an engine has to that keeps its memory constant.
fn streamed(path: &Path, room: &mut Room) -> Result<u64> {
    let stored = BufReader::with_capacity(PIECE, File::open(path)?);
    #[expect(
        clippy::disallowed_types,
        reason = "the floor under decode does not go through decode"
    )]
    let mut decoder = flate2::bufread::MultiGzDecoder::new(stored);
    room.text.resize(PIECE, 0);
    let mut bytes = 0;
    loop {
        match decoder.read(&mut room.text)? {
            0 => return Ok(bytes),
            read => bytes += u64::try_from(read)?,
        }
    }
}

/// The gzip objects below a folder, in the order of their names.
fn objects_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut objects = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|ending| ending == "gz") && fs::metadata(&path)?.is_file() {
            objects.push(path);
        }
    }
    Ok(objects)
}
