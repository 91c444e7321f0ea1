//! Lines of a stream: text up to a line feed, of which a carriage return before it is no part.

use wtransport::error::StreamReadError;
use wtransport::{RecvStream, VarInt};

/// Bytes that are taken from the stream at once.
const PIECE_BYTES: usize = 16 << 10;

/// Takes a stream apart into lines.
pub(super) struct Lines {
    from: RecvStream,
    /// What has come, and is not a whole line yet.
    begun: Vec<u8>,
    /// So many bytes of it hold no line feed.
    looked_at: usize,
    is_over: bool,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line that is not empty.
    Line(Vec<u8>),
    /// A line is longer than it may be.
    TooLong,
    /// Nothing comes any more, in order.
    End,
    /// The stream broke off.
    Lost,
}

impl Lines {
    /// Of that stream.
    pub(super) fn new(from: RecvStream) -> Self {
        Self { from, begun: Vec::new(), looked_at: 0, is_over: false }
    }

    /// The next line, of `most` bytes at most. What has been read is kept if this is dropped before it completes.
    pub(super) async fn next(&mut self, most: usize) -> Next {
        loop {
            if let Some(line) = self.cut() {
                match line {
                    line if line.len() > most => return Next::TooLong,
                    line if line.is_empty() => continue,
                    line => return Next::Line(line),
                }
            }
            if self.begun.len() > most {
                return Next::TooLong;
            }
            if self.is_over {
                let last = std::mem::take(&mut self.begun);
                self.looked_at = 0;
                return if last.is_empty() { Next::End } else { Next::Line(last) };
            }
            let mut piece = [0; PIECE_BYTES];
            match self.from.read(&mut piece).await {
                Ok(Some(length)) => self.begun.extend_from_slice(&piece[..length]),
                Ok(None) => self.is_over = true,
                Err(StreamReadError::Reset(_) | StreamReadError::NotConnected | StreamReadError::QuicProto) => {
                    return Next::Lost;
                }
            }
        }
    }

    /// Nothing more is read: the other side is told why.
    pub(super) fn refuse(self, code: u32) {
        self.from.stop(VarInt::from_u32(code));
    }

    fn cut(&mut self) -> Option<Vec<u8>> {
        let Some(end) = self.begun[self.looked_at..].iter().position(|byte| *byte == b'\n') else {
            self.looked_at = self.begun.len();
            return None;
        };
        let rest = self.begun.split_off(self.looked_at + end + 1);
        let mut line = std::mem::replace(&mut self.begun, rest);
        self.looked_at = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }
}
