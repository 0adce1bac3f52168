//! Bytes in any order from a file, be it the object itself or a nameless copy of one that comes in its order alone.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use crate::source::ReadAt;

/// A file of a known size.
pub(super) struct Stored {
    pub(super) file: Arc<File>,
    pub(super) size: u64,
}

impl ReadAt for Stored {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&*self.file, into, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&*self.file, into, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => {
                    offset += read as u64;
                    into = into.get_mut(read..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }
}

/// Copies a body to a temporary file that has no name, and is gone when it is closed.
pub(crate) fn spool(mut body: Box<dyn Read + Send>) -> io::Result<Arc<dyn ReadAt>> {
    let mut file = tempfile::tempfile()?;
    let size = io::copy(&mut body, &mut file)?;
    Ok(Arc::new(Stored {
        file: Arc::new(file),
        size,
    }))
}
