//! The socket in the home folder by which programs of this user reach the node.
//!
//! The folder lets nobody else in, and the system tells each side who the other is. A path in an address of a socket
//! has at most 107 bytes (103 on some systems): of a longer one the folder is opened, and named by its descriptor.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// The socket below the home folder, 0600, there as long as the node runs.
pub const SOCKET_FILE: &str = "api.sock";

/// Where the system shows the files that this process has open, as paths.
const OWN_DESCRIPTORS: &str = "/proc/self/fd";

/// A path that fits into the address of a socket, for as long as this is there.
#[derive(Debug)]
pub struct Reachable {
    path: PathBuf,
    _folder: Option<File>,
}

impl Reachable {
    /// The socket of that name in a home folder.
    ///
    /// # Errors
    /// If the path is too long, and this system offers no way around that; or the folder cannot be opened.
    pub fn new(home: &Path, name: &str) -> io::Result<Self> {
        let path = home.join(name);
        if SocketAddr::from_pathname(&path).is_ok() {
            return Ok(Self { path, _folder: None });
        }
        if !Path::new(OWN_DESCRIPTORS).exists() {
            let said = format!(
                "the path {} is too long for a socket: choose a home folder with a shorter path, or reach it by a \
                 link (ln -s '{}' /tmp/NAME, and then --home /tmp/NAME)",
                path.display(),
                home.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, said));
        }
        let folder = File::open(home)?;
        let path = Path::new(OWN_DESCRIPTORS).join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _folder: Some(folder) })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The node's socket. It goes with this.
#[derive(Debug)]
pub struct NodeSocket {
    /// It listens already, and does not block.
    pub(super) listener: UnixListener,
    file: SocketFile,
}

impl NodeSocket {
    /// Makes the socket in a home folder that this process has taken for itself: one that is there already was left
    /// behind by a node that died, and is replaced.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn bind(home: &Path) -> Result<Self, SocketError> {
        let at = home.join(SOCKET_FILE);
        let failed = |error: io::Error| SocketError { path: at.clone(), error };
        match fs::remove_file(&at) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let reachable = Reachable::new(home, SOCKET_FILE).map_err(failed)?;
        let listener = UnixListener::bind(reachable.path()).map_err(failed)?;
        // The home folder keeps others out before this is done.
        fs::set_permissions(&at, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let identity = |path: &Path, follows: bool| identity(path, follows).map_err(failed);
        let file = SocketFile { identity: identity(&at, false)?, folder: identity(home, true)?, path: at.clone() };
        Ok(Self { listener, file })
    }

    /// What is listened to, and what removes the file when it goes.
    pub(super) fn into_parts(self) -> (UnixListener, SocketFile) {
        (self.listener, self.file)
    }
}

/// Removes the socket when it goes, unless something else is in its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    /// The home folder, in which nobody else makes a socket.
    folder: (u64, u64),
}

impl SocketFile {
    /// Whether the socket is where it was made.
    pub(super) fn is_in_place(&self) -> bool {
        identity(&self.path, false).is_ok_and(|found| found == self.identity)
    }

    /// Makes another socket where this one was, whose listener has to be there still: or the system could give the new
    /// one the number by which this one is known.
    ///
    /// # Errors
    /// If it cannot be made, or the home folder is not there any more: in another, that socket can be another node's.
    pub(super) fn make_again(&self) -> Result<NodeSocket, SocketError> {
        let home = self.path.parent().unwrap_or(Path::new("."));
        if identity(home, true).ok() != Some(self.folder) {
            let error = io::Error::new(io::ErrorKind::NotFound, "the home folder was removed or moved");
            return Err(SocketError { path: self.path.clone(), error });
        }
        NodeSocket::bind(home)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// By which the system knows a file, or what a link leads to.
fn identity(path: &Path, follows: bool) -> io::Result<(u64, u64)> {
    let metadata = if follows { fs::metadata(path) } else { fs::symlink_metadata(path) }?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Why there is no socket in the home folder.
#[derive(Debug, thiserror::Error)]
#[error("no socket can be made at {}: {error}", .path.display())]
pub struct SocketError {
    path: PathBuf,
    error: io::Error,
}

impl SocketError {
    /// Whether this folder's file system, or this system, has no sockets at all: then a port of loopback has to do.
    #[must_use]
    pub fn has_no_sockets(&self) -> bool {
        let told = Errno::from_io_error(&self.error);
        told.is_some_and(|told| [Errno::OPNOTSUPP, Errno::PERM, Errno::AFNOSUPPORT, Errno::NOSYS].contains(&told))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn a_socket_is_for_its_user_alone_replaces_one_that_was_left_behind_and_goes_with_its_node() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join(SOCKET_FILE);
        let first = NodeSocket::bind(home.path()).expect("bound");
        assert_eq!(mode(&path), 0o600);
        // As after kill -9: nobody listens, and the file is there.
        std::mem::forget(first.file);
        drop(first.listener);
        assert!(UnixStream::connect(&path).is_err() && path.exists());
        let second = NodeSocket::bind(home.path()).expect("bound again");
        UnixStream::connect(&path).expect("somebody listens");
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_was_replaced_is_not_removed() {
        let home = tempfile::tempdir().expect("a folder");
        let first = NodeSocket::bind(home.path()).expect("bound");
        let second = NodeSocket::bind(home.path()).expect("bound again");
        drop(first);
        UnixStream::connect(home.path().join(SOCKET_FILE)).expect("the second is still there");
        drop(second);
    }

    #[test]
    fn a_socket_that_was_removed_is_made_again_but_not_in_another_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        fs::create_dir(&home).expect("made");
        let path = home.join(SOCKET_FILE);
        let first = NodeSocket::bind(&home).expect("bound");
        assert!(first.file.is_in_place());
        fs::remove_file(&path).expect("it is there");
        assert!(!first.file.is_in_place());
        let second = first.file.make_again().expect("bound again");
        assert!(second.file.is_in_place() && !first.file.is_in_place());
        drop(first);
        UnixStream::connect(&path).expect("the second is still there");

        fs::rename(&home, folder.path().join("moved")).expect("moved");
        fs::create_dir(&home).expect("made");
        let error = second.file.make_again().expect_err("another folder").to_string();
        assert!(error.contains("the home folder was removed or moved"), "{error}");
        assert!(!path.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_of_any_length_will_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("a".repeat(100)).join("b".repeat(100));
        fs::create_dir_all(&home).expect("made");
        let socket = NodeSocket::bind(&home).expect("bound");
        assert_eq!(mode(&home.join(SOCKET_FILE)), 0o600);
        let reachable = Reachable::new(&home, SOCKET_FILE).expect("it can be opened");
        UnixStream::connect(reachable.path()).expect("somebody listens");
        drop(socket);
        assert!(!home.join(SOCKET_FILE).exists());
    }

    #[test]
    fn only_where_there_are_no_sockets_at_all_another_way_is_taken() {
        let with = |errno: Errno| SocketError { path: PathBuf::new(), error: errno.into() }.has_no_sockets();
        assert!(with(Errno::PERM) && with(Errno::OPNOTSUPP));
        assert!(!with(Errno::ACCESS) && !with(Errno::NOSPC) && !with(Errno::ADDRINUSE) && !with(Errno::ROFS));
    }
}
