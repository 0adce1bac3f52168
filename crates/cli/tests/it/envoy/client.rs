//! Clients that say where they were going, as iptables would, and then speak HTTP, begin TLS, or send plain bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http,
    Tls,
    Tcp,
}

/// Dials through the proxy, and gives the name of the server that answered, if one did.
pub(super) fn dial(
    proxy: SocketAddr,
    from: &str,
    address: &str,
    port: u16,
    speaks: Speaks,
    host: &str,
) -> Option<String> {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (client, client_port) = from.split_once(':').unwrap();
    let mut sent = format!("PROXY TCP4 {client} {address} {client_port} {port}\r\n").into_bytes();
    match speaks {
        Speaks::Http => sent.extend(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").bytes()),
        Speaks::Tls => sent.extend(hello(host)),
        Speaks::Tcp => sent.extend(b"hello\n"),
    }
    let mut answer = Vec::new();
    // A proxy that refuses may reset the connection: what came before that counts.
    let _ = stream.write_all(&sent).and_then(|()| stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    let name = answer
        .rsplit("served-by: ")
        .next()
        .filter(|_| answer.contains("served-by: "))?;
    Some(name.trim().to_owned())
}

/// A client hello of TLS 1.2 with one cipher suite and one extension, the server name.
fn hello(host: &str) -> Vec<u8> {
    fn with_length(bytes: Vec<u8>, width: usize) -> Vec<u8> {
        let length = u64::try_from(bytes.len()).unwrap().to_be_bytes();
        [length[8 - width..].to_vec(), bytes].concat()
    }
    let name = [vec![0], with_length(host.as_bytes().to_vec(), 2)].concat();
    let server_name = [vec![0, 0], with_length(with_length(name, 2), 2)].concat();
    let body = [
        vec![3, 3],
        vec![7; 32],
        vec![0],
        with_length(vec![0xc0, 0x2f], 2),
        vec![1, 0],
        with_length(server_name, 2),
    ];
    let handshake = [vec![1], with_length(body.concat(), 3)].concat();
    [vec![0x16, 3, 1], with_length(handshake, 2)].concat()
}
