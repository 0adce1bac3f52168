//! A capture of connections as a firewall sees them: each a handshake, a first message of the client, and an answer.

use std::net::Ipv4Addr;

/// A capture in the format of libpcap, with raw IP packets.
#[derive(Debug)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    packets: u32,
}

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);

impl Capture {
    pub(crate) fn new() -> Self {
        let mut bytes = Vec::new();
        bytes.extend(0xa1b2_c3d4_u32.to_le_bytes());
        bytes.extend([2, 0, 4, 0]);
        bytes.extend([0; 8]);
        bytes.extend(65_535_u32.to_le_bytes());
        // LINKTYPE_RAW: a packet begins with its IP header.
        bytes.extend(101_u32.to_le_bytes());
        Capture { bytes, packets: 0 }
    }

    /// A TCP connection from a client port of its own, in which the client says `message`.
    pub(crate) fn tcp(&mut self, client_port: u16, server: Ipv4Addr, port: u16, message: &[u8]) {
        const SYN: u8 = 2;
        const PUSH: u8 = 8;
        const ACK: u8 = 16;
        let up = (CLIENT, client_port, server, port);
        let down = (server, port, CLIENT, client_port);
        let said = 101 + u32::try_from(message.len()).unwrap();
        self.segment(up, (100, 0), SYN, &[]);
        self.segment(down, (500, 101), SYN | ACK, &[]);
        self.segment(up, (101, 501), ACK, &[]);
        self.segment(up, (101, 501), PUSH | ACK, message);
        self.segment(down, (501, said), ACK, &[]);
        self.segment(up, (said, 501), PUSH | ACK, b"more");
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn segment(&mut self, ends: (Ipv4Addr, u16, Ipv4Addr, u16), (seq, ack): (u32, u32), flags: u8, data: &[u8]) {
        let (from, from_port, to, to_port) = ends;
        let mut tcp = Vec::new();
        tcp.extend(from_port.to_be_bytes());
        tcp.extend(to_port.to_be_bytes());
        tcp.extend(seq.to_be_bytes());
        tcp.extend(ack.to_be_bytes());
        // Five words of header, a window, and no checksum: the reader is told not to look.
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(data);
        let mut ip = vec![0x45, 0];
        ip.extend(u16::try_from(20 + tcp.len()).unwrap().to_be_bytes());
        ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        ip.extend(from.octets());
        ip.extend(to.octets());
        ip.extend(tcp);
        let length = u32::try_from(ip.len()).unwrap().to_le_bytes();
        self.packets += 1;
        self.bytes.extend((1_790_000_000 + self.packets / 1000).to_le_bytes());
        self.bytes.extend((self.packets % 1000 * 1000).to_le_bytes());
        self.bytes.extend(length);
        self.bytes.extend(length);
        self.bytes.extend(ip);
    }
}

/// A ClientHello of TLS 1.2 that asks for a server name.
pub(crate) fn client_hello(name: &str) -> Vec<u8> {
    let name_length = u16::try_from(name.len()).unwrap();
    let mut extension = vec![0, 0];
    extension.extend((name_length + 5).to_be_bytes());
    extension.extend((name_length + 3).to_be_bytes());
    extension.push(0);
    extension.extend(name_length.to_be_bytes());
    extension.extend(name.as_bytes());
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session, one cipher suite, no compression.
    hello.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    hello.extend(u16::try_from(extension.len()).unwrap().to_be_bytes());
    hello.extend(extension);
    let mut message = vec![1, 0];
    message.extend(u16::try_from(hello.len()).unwrap().to_be_bytes());
    message.extend(hello);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    record.extend(message);
    record
}

/// A request of HTTP/1.1 with a host.
pub(crate) fn request(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: probe\r\n\r\n").into_bytes()
}
