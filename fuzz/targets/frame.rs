//! Whatever a peer sends in a stream is cut into frames, and each frame is read: nothing falls over, and what is read
//! is written alike.

#![no_main]

use bitpie::codec::decode;
use bitpie::wire::{
    BulkAnswer, BulkOpening, FRAME_BYTES, Fail, Frame, FrameError, FrameReader, VerifiedPacket, write_prefixed,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    read(data);
    // The same as a stream, in pieces whose length the input chooses.
    let (piece, stream) = data.split_first().map_or((1, data), |(first, rest)| (usize::from(*first).max(1), rest));
    let mut reader = FrameReader::new();
    let mut again = Vec::new();
    for mut input in stream.chunks(piece) {
        while !input.is_empty() {
            let (taken, frame) = reader.push(input, FRAME_BYTES);
            input = &input[taken..];
            match frame {
                Ok(Some(frame)) => {
                    again.extend(write_prefixed(&frame));
                    read(&frame);
                }
                Ok(None) => assert!(input.is_empty(), "bytes were left behind"),
                Err(error) => {
                    if let FrameError::TooLong { announced, .. } = error {
                        assert!(announced > FRAME_BYTES);
                    }
                    assert!(stream.starts_with(&again));
                    return;
                }
            }
        }
    }
    assert!(stream.starts_with(&again));
    assert_eq!(reader.is_between_frames(), again.len() == stream.len());
});

fn read(bytes: &[u8]) {
    let _ = decode::<Fail>(bytes);
    if let Ok(opening) = BulkOpening::decode(bytes) {
        assert_eq!(BulkOpening::decode(&opening.encode()), Ok(opening));
    }
    if let Ok(answer) = BulkAnswer::decode(bytes) {
        assert_eq!(BulkAnswer::decode(&answer.encode()), Ok(answer));
    }
    let Ok(frame) = Frame::decode(bytes) else { return };
    assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
    if let Frame::Packet(packet) = &frame
        && let Ok(verified) = VerifiedPacket::verify(packet)
    {
        assert_eq!(verified.as_bytes(), packet);
    }
}
