//! What passes to and from yamux, watched: who opens which stream, how many pieces of data nobody has read yet, and
//! which side says that the other broke the rules.
//!
//! yamux bounds the bytes that wait in a stream, not the pieces that they came in; a peer that sends single bytes would
//! make each of them cost a hundred. So pieces are counted here, and the session stops reading at a limit.

use std::sync::Mutex;

use futures_util::task::AtomicWaker;

use crate::transports::sessions::lock;

/// Bytes of a header of yamux (<https://github.com/hashicorp/yamux/blob/master/spec.md>).
const HEADER_BYTES: usize = 12;

const TYPE_DATA: u8 = 0;
const TYPE_WINDOW_UPDATE: u8 = 1;
const TYPE_GO_AWAY: u8 = 3;
const FLAG_OPENS: u16 = 1;
const FLAG_ENDS: u16 = 4;

/// Pieces of data that may wait in all streams of a session; beyond, the session is not read.
const UNREAD_PIECES: usize = 1_024;

/// Follows one direction of a yamux connection, from header to header.
#[derive(Debug, Default)]
pub struct Walk {
    header: [u8; HEADER_BYTES],
    known: usize,
    /// Bytes of data until the next header.
    data_left: usize,
}

/// A header of yamux, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A stream is opened; the piece of data that comes with it is told as another.
    Opens {
        /// Which stream.
        stream: u32,
    },
    /// A piece of data begins.
    Data {
        /// Of which stream.
        stream: u32,
    },
    /// The side that sends it will send no more in this stream, and this was all.
    Ends {
        /// Which stream.
        stream: u32,
    },
    /// The side that sends it ends the connection.
    GoAway {
        /// Zero if all is well.
        code: u32,
    },
}

impl Walk {
    /// Goes over what passes next.
    pub fn pass(&mut self, mut bytes: &[u8], mut found: impl FnMut(Passed)) {
        while !bytes.is_empty() {
            let data = self.data_left.min(bytes.len());
            self.data_left -= data;
            bytes = &bytes[data..];
            let part = (HEADER_BYTES - self.known).min(bytes.len());
            self.header[self.known..self.known + part].copy_from_slice(&bytes[..part]);
            self.known += part;
            bytes = &bytes[part..];
            if self.known == HEADER_BYTES {
                self.known = 0;
                self.header(&mut found);
            }
        }
    }

    fn header(&mut self, found: &mut impl FnMut(Passed)) {
        let [_version, kind, flag_high, flag_low, a, b, c, d, length @ ..] = self.header;
        let (stream, length) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(length));
        let flags = u16::from_be_bytes([flag_high, flag_low]);
        let is_of_stream = matches!(kind, TYPE_DATA | TYPE_WINDOW_UPDATE);
        if is_of_stream && flags & FLAG_OPENS != 0 {
            found(Passed::Opens { stream });
        }
        if is_of_stream && flags & FLAG_ENDS != 0 {
            found(Passed::Ends { stream });
        }
        if kind == TYPE_DATA && length > 0 {
            // What is larger than yamux allows is refused there, before any of it is read.
            self.data_left = length as usize;
            found(Passed::Data { stream });
        }
        if kind == TYPE_GO_AWAY {
            found(Passed::GoAway { code: length });
        }
    }
}

/// Pieces of data of each stream that nobody has read yet.
#[derive(Debug, Default)]
pub(super) struct Unread {
    streams: Mutex<UnreadStreams>,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct UnreadStreams {
    streams: Vec<UnreadStream>,
    pieces: usize,
}

#[derive(Debug)]
struct UnreadStream {
    number: u32,
    pieces: usize,
    ended: bool,
}

impl UnreadStreams {
    fn find(&mut self, number: u32) -> Option<&mut UnreadStream> {
        self.streams.iter_mut().find(|stream| stream.number == number)
    }
}

impl Unread {
    /// A stream was opened, by either side.
    pub(super) fn open(&self, stream: u32) {
        let mut streams = lock(&self.streams);
        if streams.find(stream).is_none() {
            streams.streams.push(UnreadStream { number: stream, pieces: 0, ended: false });
        }
    }

    /// A piece of data came. Streams that are not open do not keep it.
    pub(super) fn came(&self, stream: u32) {
        let mut streams = lock(&self.streams);
        if let Some(stream) = streams.find(stream) {
            stream.pieces += 1;
            streams.pieces += 1;
        }
    }

    /// The peer said that a stream was complete.
    pub(super) fn ended(&self, stream: u32) {
        if let Some(stream) = lock(&self.streams).find(stream) {
            stream.ended = true;
        }
    }

    /// Whether the peer said that a stream was complete; if it was cut off, it did not.
    pub(super) fn has_ended(&self, stream: u32) -> bool {
        lock(&self.streams).find(stream).is_some_and(|stream| stream.ended)
    }

    /// A piece of data was taken out of a stream.
    pub(super) fn taken(&self, stream: u32) {
        let mut streams = lock(&self.streams);
        if let Some(stream) = streams.find(stream)
            && stream.pieces > 0
        {
            stream.pieces -= 1;
            streams.pieces -= 1;
            if streams.pieces == UNREAD_PIECES - 1 {
                drop(streams);
                self.waker.wake();
            }
        }
    }

    /// A stream was dropped, with whatever nobody had read.
    pub(super) fn dropped(&self, stream: u32) {
        let mut streams = lock(&self.streams);
        if let Some(at) = streams.streams.iter().position(|known| known.number == stream) {
            let stream = streams.streams.swap_remove(at);
            streams.pieces -= stream.pieces;
        }
        drop(streams);
        self.waker.wake();
    }

    /// Whether more may be read; if not, the task is woken when it may.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.streams).pieces < UNREAD_PIECES
    }

    /// Wakes this task when there is room again.
    pub(super) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u8, flags: u16, stream: u32, length: u32) -> Vec<u8> {
        [&[0, kind][..], &flags.to_be_bytes(), &stream.to_be_bytes(), &length.to_be_bytes()].concat()
    }

    #[test]
    fn headers_are_found_wherever_they_are_cut_and_data_is_not_taken_for_one() {
        let data_like_go_away = header(TYPE_GO_AWAY, 0, 0, 1);
        let bytes = [
            header(TYPE_DATA, FLAG_OPENS, 1, 0),
            header(TYPE_DATA, 0, 1, 12),
            data_like_go_away,
            header(2, 1, 0, 77),
            header(TYPE_WINDOW_UPDATE, FLAG_OPENS, 3, 5),
            header(TYPE_DATA, FLAG_ENDS, 3, 0),
            header(TYPE_GO_AWAY, 0, 0, 2),
        ]
        .concat();
        let expected = [
            Passed::Opens { stream: 1 },
            Passed::Data { stream: 1 },
            Passed::Opens { stream: 3 },
            Passed::Ends { stream: 3 },
            Passed::GoAway { code: 2 },
        ];
        for size in 1..=bytes.len() {
            let (mut walk, mut found) = (Walk::default(), Vec::new());
            for part in bytes.chunks(size) {
                walk.pass(part, |passed| found.push(passed));
            }
            assert_eq!(found, expected, "in parts of {size}");
        }
    }

    #[test]
    fn pieces_are_counted_by_stream_until_it_is_dropped() {
        let unread = Unread::default();
        unread.open(1);
        unread.open(2);
        unread.came(7);
        for _ in 0..UNREAD_PIECES - 1 {
            unread.came(1);
        }
        assert!(unread.has_room());
        unread.came(2);
        assert!(!unread.has_room());
        unread.taken(2);
        assert!(unread.has_room());
        unread.taken(2);
        unread.came(1);
        assert!(!unread.has_room());
        unread.dropped(1);
        unread.came(1);
        assert_eq!(lock(&unread.streams).pieces, 0);
    }
}
