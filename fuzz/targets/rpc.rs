//! No body of a request may do the API any harm: it is read to requests or refused with a sentence, and each can be
//! answered.

#![no_main]

use bitpie::api::rpc::{Asked, BATCH_REQUESTS, Body, answer, parse};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Bytes of what is told of a body, at most: it must not be repeated to whoever sent it.
const MESSAGE_BYTES: usize = 8 * 1024;

fuzz_target!(|data: &[u8]| {
    let asked = match parse(data) {
        Body::One(asked) => vec![asked],
        Body::Batch(batch) => batch,
    };
    assert!(!asked.is_empty() && asked.len() <= BATCH_REQUESTS);
    for Asked { id, request } in asked {
        let outcome = match request {
            Ok(wanted) => {
                assert!(!format!("{wanted:?}").is_empty());
                Ok(Value::from(wanted.method()))
            }
            Err(error) => {
                assert!(!error.message.is_empty() && error.message.len() < MESSAGE_BYTES);
                assert_eq!(error.code, error.kind().code());
                Err(*error)
            }
        };
        let Some(id) = id else { continue };
        let answer: Value = serde_json::from_slice(&answer(&id, &outcome)).expect("an answer is JSON");
        // Fractions are not read to the last bit.
        assert!(id.is_f64() || answer["id"] == id);
        assert_ne!(answer.get("result").is_some(), answer.get("error").is_some());
    }
});
