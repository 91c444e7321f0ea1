//! Notices that the network of this machine may have changed: addresses, links, routes. On Linux the kernel tells
//! (rtnetlink(7)), so nothing is done while nothing changes; elsewhere, or where the kernel refuses, it is looked every
//! few seconds.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Changes come in groups: an address goes, another comes, then its route. They are looked at together, after so long.
const SETTLE: Duration = Duration::from_millis(300);

/// How often it is looked where nobody tells.
const POLL: Duration = Duration::from_secs(3);

/// Notices changes of the network.
#[derive(Debug)]
pub struct InterfaceWatch {
    source: Source,
    /// Something was told; when it is time to look.
    due: Option<Instant>,
}

#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    Kernel(kernel::Changes),
    /// Looked at next at that time; it stays, however often somebody stops waiting for it.
    Polling { next: Instant, every: Duration },
}

impl InterfaceWatch {
    /// From now on. To be called within a tokio runtime.
    #[must_use]
    pub fn start() -> Self {
        #[cfg(target_os = "linux")]
        match kernel::Changes::subscribe() {
            Ok(changes) => return Self { source: Source::Kernel(changes), due: None },
            Err(error) => tracing::debug!(%error, "the kernel does not tell of changes of the network"),
        }
        Self { source: Source::polling(POLL), due: None }
    }

    /// Waits until the network may have changed, and has come to rest. Nothing is lost if this is dropped meanwhile.
    pub async fn changed(&mut self) {
        loop {
            let due = self.due;
            let settled = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = settled => {
                    self.due = None;
                    return;
                }
                is_told = self.source.heard() => match is_told {
                    true => self.due = Some(due.unwrap_or_else(|| Instant::now() + SETTLE)),
                    false => self.source = Source::polling(POLL),
                }
            }
        }
    }
}

impl Source {
    fn polling(every: Duration) -> Self {
        Self::Polling { next: Instant::now() + every, every }
    }

    /// Something was told, or it is time to look. Not if this source has ended.
    async fn heard(&mut self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(changes) => changes.heard().await,
            Self::Polling { next, every } => {
                sleep_until(*next).await;
                *next = Instant::now() + *every;
                true
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    //! What the kernel tells of links, addresses and routes.

    use std::io;
    use std::os::unix::net::UnixDatagram as StdDatagram;

    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
    use tokio::net::UnixDatagram;

    /// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR and RTMGRP_IPV6_ROUTE of rtnetlink(7).
    const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

    /// What is told is not read closely; whatever is longer is cut off.
    const MESSAGE_BYTES: usize = 4_096;

    /// A socket of netlink. It is one for datagrams, and only received from, so the type for those of Unix serves it.
    #[derive(Debug)]
    pub(super) struct Changes {
        socket: UnixDatagram,
    }

    impl Changes {
        pub(super) fn subscribe() -> io::Result<Self> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            // Without a protocol it is NETLINK_ROUTE, which is 0.
            let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, None)?;
            bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
            Ok(Self { socket: UnixDatagram::from_std(StdDatagram::from(socket))? })
        }

        /// Something was told, if the kernel still tells anything.
        pub(super) async fn heard(&self) -> bool {
            let mut message = [0; MESSAGE_BYTES];
            match self.socket.recv(&mut message).await {
                Ok(_) => true,
                // More was told than there was room for: something has changed.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error()) => true,
                Err(error) => {
                    tracing::debug!(%error, "the kernel tells no more of changes of the network");
                    false
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the loop does it, which has something else to do all the time.
    #[tokio::test]
    async fn where_nobody_tells_it_is_looked_however_often_the_waiting_is_broken_off() {
        let source = Source::polling(Duration::from_millis(30));
        let mut watch = InterfaceWatch { source, due: None };
        let mut broken_off = 0;
        while tokio::time::timeout(Duration::from_millis(2), watch.changed()).await.is_err() {
            broken_off += 1;
            assert!(broken_off < 10_000, "it is never looked");
        }
    }

    #[tokio::test]
    async fn nothing_is_told_while_nothing_changes() {
        let mut watch = InterfaceWatch::start();
        #[cfg(target_os = "linux")]
        assert!(matches!(watch.source, Source::Kernel(_)), "the kernel of Linux tells");
        assert!(tokio::time::timeout(Duration::from_millis(1), watch.changed()).await.is_err());
    }
}
