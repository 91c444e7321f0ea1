//! Where a frame begins and ends in a stream: four octets of length, big-endian, in front of each.

/// Octets of a frame, at the most, its length in front not counted.
pub const FRAME_BYTES: usize = 65_536;

/// Octets of the length in front.
pub const LENGTH_BYTES: usize = 4;

/// A frame with its length in front, ready to be sent.
///
/// # Panics
/// If the frame is longer than [`FRAME_BYTES`]: then it was made wrongly.
#[must_use]
pub fn write_prefixed(frame: &[u8]) -> Vec<u8> {
    assert!(frame.len() <= FRAME_BYTES, "a frame of {} octets", frame.len());
    let length = u32::try_from(frame.len()).expect("FRAME_BYTES is far below 2^32");
    [&length.to_be_bytes(), frame].concat()
}

/// Cuts a stream into frames. It holds a part of one frame, and never more than has arrived of it.
#[derive(Debug, Default)]
pub struct FrameReader {
    held: Vec<u8>,
}

impl FrameReader {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes octets from the front of `input` until a frame is whole, and gives that frame; `None` when `input` is used up before.
    ///
    /// # Errors
    /// If a frame says that it is longer than [`FRAME_BYTES`]. What follows in the stream then has no meaning.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameTooLong> {
        if self.held.len() < LENGTH_BYTES {
            self.take(input, LENGTH_BYTES);
        }
        let Some(length) = self.held.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let bytes = u32::from_be_bytes(*length);
        let whole = match usize::try_from(bytes) {
            Ok(bytes) if bytes <= FRAME_BYTES => LENGTH_BYTES + bytes,
            _ => return Err(FrameTooLong { bytes }),
        };
        self.take(input, whole);
        if self.held.len() < whole {
            return Ok(None);
        }
        let mut frame = std::mem::take(&mut self.held);
        frame.drain(..LENGTH_BYTES);
        Ok(Some(frame))
    }

    /// Whether the stream could end here: no frame has begun.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.held.is_empty()
    }

    /// Moves octets from the input until `wanted` are held.
    fn take(&mut self, input: &mut &[u8], wanted: usize) {
        let (taken, rest) = input.split_at(input.len().min(wanted - self.held.len()));
        self.held.extend_from_slice(taken);
        *input = rest;
    }
}

/// A frame that is longer than any may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {bytes} octets was announced, and {FRAME_BYTES} are allowed")]
pub struct FrameTooLong {
    /// How long it says that it is.
    pub bytes: u32,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(stream: &[u8], piece: usize) -> Result<(Vec<Vec<u8>>, FrameReader), FrameTooLong> {
        let mut reader = FrameReader::new();
        let mut frames = Vec::new();
        for mut input in stream.chunks(piece) {
            while let Some(frame) = reader.next(&mut input)? {
                frames.push(frame);
            }
            assert!(input.is_empty());
        }
        Ok((frames, reader))
    }

    proptest! {
        #[test]
        fn frames_survive_however_the_stream_is_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            piece in 1_usize..700,
        ) {
            let stream: Vec<u8> = frames.iter().flat_map(|frame| write_prefixed(frame)).collect();
            let (read, reader) = read_all(&stream, piece).expect("they are short");
            prop_assert_eq!(read, frames);
            prop_assert!(reader.is_between_frames());
        }
    }

    #[test]
    fn the_longest_frame_is_taken_and_a_longer_one_is_not() {
        let longest = vec![5; FRAME_BYTES];
        let (frames, _) = read_all(&write_prefixed(&longest), 1000).expect("it is allowed");
        assert_eq!(frames, [longest]);
        for length in [FRAME_BYTES as u32 + 1, u32::MAX] {
            assert_eq!(read_all(&length.to_be_bytes(), 4).map(|_| ()), Err(FrameTooLong { bytes: length }));
        }
    }

    #[test]
    fn no_more_is_held_than_has_arrived() {
        let mut reader = FrameReader::new();
        let mut input = &[0, 1, 0, 0, 9, 9, 9][..];
        assert_eq!(reader.next(&mut input), Ok(None));
        assert!(reader.held.capacity() < 64, "{}", reader.held.capacity());
        assert!(!reader.is_between_frames());
    }
}
