//! Where a frame begins and ends in a stream: four bytes of length, big-endian, in front of each.

use crate::codec::VALUE_BYTES;

/// Bytes of a frame, at most, its length in front not counted.
pub const FRAME_BYTES: usize = VALUE_BYTES;

/// Bytes of the length in front.
pub const LENGTH_BYTES: usize = 4;

/// A frame with its length in front, ready to be sent.
///
/// # Panics
/// If the frame is longer than [`FRAME_BYTES`]: that would be a bug in the caller.
#[must_use]
pub fn write_prefixed(frame: &[u8]) -> Vec<u8> {
    assert!(frame.len() <= FRAME_BYTES, "a frame of {} bytes", frame.len());
    let length = u32::try_from(frame.len()).expect("FRAME_BYTES is far below 2^32");
    [&length.to_be_bytes(), frame].concat()
}

/// Cuts a stream into frames. It holds a part of one frame, and never more than has arrived of it.
#[derive(Debug, Default)]
pub struct FrameReader {
    length: [u8; LENGTH_BYTES],
    length_bytes: usize,
    bytes: Vec<u8>,
}

impl FrameReader {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what belongs to the frame that has begun, and says how much that was; with it the frame, if it is
    /// complete. `limit` is how many bytes a frame may have.
    ///
    /// # Errors
    /// If a frame says that it is longer than `limit`, or has no bytes. What follows in the stream then has no meaning.
    pub fn push(&mut self, bytes: &[u8], limit: usize) -> (usize, Result<Option<Vec<u8>>, FrameError>) {
        let prefix = (LENGTH_BYTES - self.length_bytes).min(bytes.len());
        self.length[self.length_bytes..self.length_bytes + prefix].copy_from_slice(&bytes[..prefix]);
        self.length_bytes += prefix;
        if self.length_bytes < LENGTH_BYTES {
            return (prefix, Ok(None));
        }
        let length = u32::from_be_bytes(self.length) as usize;
        if length > limit {
            return (prefix, Err(FrameError::TooLong { announced: length, limit }));
        }
        if length == 0 {
            return (prefix, Err(FrameError::Empty));
        }
        let body = (length - self.bytes.len()).min(bytes.len() - prefix);
        if self.bytes.is_empty() {
            // No more than what is there: a length alone costs the peer nothing.
            self.bytes.reserve_exact(body);
        }
        self.bytes.extend_from_slice(&bytes[prefix..prefix + body]);
        let complete = (self.bytes.len() == length).then(|| {
            self.length_bytes = 0;
            std::mem::take(&mut self.bytes)
        });
        (prefix + body, Ok(complete))
    }

    /// Whether the stream could end here: no frame has begun.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.length_bytes == 0
    }
}

/// What is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is longer than it may be.
    #[error("a frame announces {announced} bytes, and may have {limit}")]
    TooLong {
        /// How long it says that it is.
        announced: usize,
        /// How long it may be.
        limit: usize,
    },
    /// There is nothing in it.
    #[error("a frame is empty")]
    Empty,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(stream: &[u8], piece: usize, limit: usize) -> Result<(Vec<Vec<u8>>, FrameReader), FrameError> {
        let mut reader = FrameReader::new();
        let mut frames = Vec::new();
        for mut input in stream.chunks(piece) {
            while !input.is_empty() {
                let (taken, frame) = reader.push(input, limit);
                assert!(taken > 0 || frame.is_err(), "it goes on");
                input = &input[taken..];
                frames.extend(frame?);
            }
        }
        Ok((frames, reader))
    }

    proptest! {
        #[test]
        fn frames_survive_however_the_stream_is_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
            piece in 1_usize..700,
        ) {
            let stream: Vec<u8> = frames.iter().flat_map(|frame| write_prefixed(frame)).collect();
            let (read, reader) = read_all(&stream, piece, FRAME_BYTES).expect("they are short");
            prop_assert_eq!(read, frames);
            prop_assert!(reader.is_between_frames());
        }
    }

    #[test]
    fn the_longest_frame_is_taken_and_a_longer_one_is_not() {
        let longest = vec![5; FRAME_BYTES];
        let (frames, _) = read_all(&write_prefixed(&longest), 1000, FRAME_BYTES).expect("it is allowed");
        assert_eq!(frames, [longest]);
        for length in [FRAME_BYTES as u32 + 1, u32::MAX] {
            let error = FrameError::TooLong { announced: length as usize, limit: FRAME_BYTES };
            assert_eq!(read_all(&length.to_be_bytes(), 4, FRAME_BYTES).map(|_| ()), Err(error));
        }
    }

    #[test]
    fn nothing_is_kept_of_a_frame_that_is_too_long() {
        let mut reader = FrameReader::new();
        assert!(reader.push(&[0xff; 64], FRAME_BYTES).1.is_err());
        assert_eq!(reader.bytes.capacity(), 0);
    }

    #[test]
    fn an_empty_frame_is_none() {
        assert_eq!(read_all(&[0, 0, 0, 0], 4, 5).map(|_| ()), Err(FrameError::Empty));
    }

    #[test]
    fn no_more_is_held_than_has_arrived() {
        let mut reader = FrameReader::new();
        assert_eq!(reader.push(&[0, 1, 0, 0, 9, 9, 9], FRAME_BYTES), (7, Ok(None)));
        assert!(reader.bytes.capacity() < 64, "{}", reader.bytes.capacity());
        assert!(!reader.is_between_frames());
    }
}
