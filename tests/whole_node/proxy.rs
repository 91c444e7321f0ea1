//! What stands between two nodes: it passes on what comes, until one of them is to vanish without a word.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Passes connections on to a node.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What ends is not told to the other side.
    is_silent: AtomicBool,
    /// What comes is thrown away.
    is_swallowing: AtomicBool,
    /// Sockets that are served.
    served: Mutex<Vec<TcpStream>>,
    /// Sockets that nobody serves any more, and that stay open.
    kept: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// One that connects to this address whoever connects to it. It ends with the test's process.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                let Ok(called) = TcpStream::connect(target) else { continue };
                let (one, other) = (caller.try_clone().expect("a handle"), called.try_clone().expect("a handle"));
                let (there, back) = (Arc::clone(&all), Arc::clone(&all));
                let handle = |it: &TcpStream| it.try_clone().expect("a handle");
                all.served.lock().expect("nobody panics with it").extend([handle(&caller), handle(&called)]);
                std::thread::spawn(move || there.pass_on(one, other));
                std::thread::spawn(move || back.pass_on(called, caller));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nobody is told that the other side has gone.
    pub fn be_silent(&self) {
        self.shared.is_silent.store(true, Ordering::SeqCst);
    }

    /// From now on nothing gets through any more, and nobody is told.
    pub fn swallow(&self) {
        self.shared.is_swallowing.store(true, Ordering::SeqCst);
    }

    /// Every connection is cut; those that are opened from now on get through.
    pub fn cut(&self) {
        let served = std::mem::take(&mut *self.shared.served.lock().expect("nobody panics with it"));
        served.iter().for_each(|socket| drop(socket.shutdown(Shutdown::Both)));
        self.shared.is_swallowing.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let bytes = from.read(&mut buffer).unwrap_or(0);
            if bytes == 0 {
                break;
            }
            if !self.is_swallowing.load(Ordering::SeqCst) && to.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        if self.is_silent.load(Ordering::SeqCst) {
            self.kept.lock().expect("nobody panics with it").extend([from, to]);
        } else {
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        }
    }
}
