//! A line that holds each datagram for a while, on its way to one address and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Bytes of a datagram, at most.
const DATAGRAM_BYTES: usize = 65_536;

/// Forwards what one caller sends to it. Ends when it is dropped.
pub struct SlowLine {
    address: SocketAddr,
    forwarding: JoinHandle<()>,
}

impl SlowLine {
    /// One to that address.
    ///
    /// # Errors
    /// If there is no socket for it.
    pub async fn to(address: SocketAddr, one_way: Duration) -> anyhow::Result<Self> {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        let forwarding = tokio::spawn(forward(near.clone(), far, address, one_way));
        Ok(Self { address: near.local_addr()?, forwarding })
    }

    /// Where it is called.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SlowLine {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

async fn forward(near: Arc<UdpSocket>, far: Arc<UdpSocket>, to: SocketAddr, one_way: Duration) {
    let mut caller = None;
    let (mut from_near, mut from_far) = (vec![0; DATAGRAM_BYTES], vec![0; DATAGRAM_BYTES]);
    loop {
        tokio::select! {
            Ok((length, from)) = near.recv_from(&mut from_near) => {
                caller = Some(from);
                later(far.clone(), from_near[..length].to_vec(), to, one_way);
            }
            Ok((length, _)) = far.recv_from(&mut from_far) => {
                if let Some(caller) = caller {
                    later(near.clone(), from_far[..length].to_vec(), caller, one_way);
                }
            }
        }
    }
}

fn later(socket: Arc<UdpSocket>, datagram: Vec<u8>, to: SocketAddr, one_way: Duration) {
    let at = Instant::now() + one_way;
    tokio::spawn(async move {
        sleep_until(at).await;
        // What is lost is sent again by whoever misses it.
        let _ = socket.send_to(&datagram, to).await;
    });
}
