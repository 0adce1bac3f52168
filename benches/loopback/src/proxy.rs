//! A TCP proxy that breaks what it forwards at an exact byte: resets, early ends, silence and slowness.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::port::Port;

/// How a connection breaks, after so many bytes of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    /// The client's connection is reset.
    Reset(u64),
    /// The client's connection ends as if all had been said.
    Fin(u64),
    /// Nothing comes any more, and the connection stays open.
    Stall(u64),
    /// The rest comes slowly: a kilobyte a millisecond.
    Drip(u64),
}

/// A running proxy; it ends when dropped.
///
/// Each connection takes the next of the planned breaks when it opens; when none is left, connections stay whole.
pub struct Proxy {
    port: Port,
    plan: Arc<Plan>,
}

struct Plan {
    next: Mutex<VecDeque<Break>>,
    broken: Mutex<Vec<Break>>,
}

impl Proxy {
    /// Starts a proxy in front of a server.
    ///
    /// # Panics
    /// When no thread or socket can be had.
    #[must_use]
    pub fn start(server: SocketAddr, breaks: &[Break]) -> Self {
        let plan = Arc::new(Plan {
            next: Mutex::new(breaks.iter().copied().collect()),
            broken: Mutex::default(),
        });
        Self {
            port: Port::serve(1, |listener| accept(listener, server, Arc::clone(&plan))),
            plan,
        }
    }

    /// The endpoint URL, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.port.url()
    }

    /// The breaks that have happened, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<Break> {
        self.plan.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, plan: Arc<Plan>) {
    while let Ok((client, _)) = listener.accept().await {
        let next = plan.next.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let plan = Arc::clone(&plan);
        tokio::spawn(async move {
            // An error here is one of the two ends going away, which the other end sees.
            let _ = forward(client, server, next, &plan).await;
        });
    }
}

async fn forward(client: TcpStream, server: SocketAddr, broken: Option<Break>, plan: &Plan) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await.map(|_| from_client) });
    let Some(broken) = broken else {
        copy(&mut from_server, &mut to_client).await?;
        return Ok(());
    };
    let (Break::Reset(after) | Break::Fin(after) | Break::Stall(after) | Break::Drip(after)) = broken;
    if forward_exactly(&mut from_server, &mut to_client, after).await? < after {
        return Ok(());
    }
    plan.broken.lock().unwrap_or_else(PoisonError::into_inner).push(broken);
    match broken {
        Break::Fin(_) => to_client.shutdown().await,
        Break::Drip(_) => {
            while forward_exactly(&mut from_server, &mut to_client, 1000).await? > 0 {
                sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
        Break::Stall(_) => {
            // The client hangs up when it has waited enough.
            let _ = requests.await;
            Ok(())
        }
        Break::Reset(_) => {
            to_client.as_ref().set_zero_linger()?;
            requests.abort();
            // Both halves must be gone before the socket closes, and resets.
            let _ = requests.await;
            Ok(())
        }
    }
}

/// Forwards `bytes`, or fewer if the server ends before; returns how many.
async fn forward_exactly(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, bytes: u64) -> io::Result<u64> {
    let forwarded = copy(&mut from.take(bytes), to).await?;
    to.flush().await?;
    Ok(forwarded)
}
