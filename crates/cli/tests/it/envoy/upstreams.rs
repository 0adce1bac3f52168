//! Servers on loopback, one a host, that answer whoever comes with their own name.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Servers by the name of their host.
pub(super) struct Upstreams(BTreeMap<String, SocketAddr>);

impl Upstreams {
    /// Starts a server for each host, on an address of its own. They end with the process.
    pub(super) fn start<'a>(hosts: impl Iterator<Item = &'a str>) -> Self {
        let serve = |(at, host): (usize, &str)| {
            let listener = TcpListener::bind(format!("127.0.1.{}:0", at + 1)).unwrap();
            let address = listener.local_addr().unwrap();
            let name = host.to_owned();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    // A client that is gone already has seen what it wanted.
                    let _ = answer(stream, &name);
                }
            });
            (host.to_owned(), address)
        };
        Upstreams(hosts.enumerate().map(serve).collect())
    }

    pub(super) fn of(&self, host: &str) -> SocketAddr {
        self.0[host]
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = (&str, &SocketAddr)> {
        let named = self.0.iter().filter(|(host, _)| host.contains('.'));
        named.map(|(host, address)| (host.as_str(), address))
    }
}

fn answer(mut stream: TcpStream, name: &str) -> std::io::Result<()> {
    let mut first = [0; 4096];
    let read = stream.read(&mut first)?;
    let said = format!("served-by: {name}\n");
    if first[..read].starts_with(b"GET ") {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
            said.len()
        )
    } else {
        stream.write_all(said.as_bytes())
    }
}
