//! Addresses that people hand to each other: of identities and of places on the network, and ids alone. What is taken is
//! written as a text that is taken again, and means the same.

#![no_main]

use bitpie::identity::{
    ENTRYPOINT_CHARACTERS, Entrypoint, IDURL_BYTES, IDURL_ENTRYPOINTS, Idurl, NODE_ID_CHARACTERS, NodeId,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<NodeId>() {
        Ok(id) => assert_eq!((id.to_string().as_str(), text.len()), (text, NODE_ID_CHARACTERS), "one id, one text"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match text.parse::<Entrypoint>() {
        Ok(entrypoint) => entrypoint_is_sound(&entrypoint),
        Err(error) => assert!(error.to_string().len() < 8 * ENTRYPOINT_CHARACTERS * 10, "an error has a bound"),
    }
    match text.parse::<Idurl>() {
        Ok(idurl) => idurl_is_sound(text, &idurl),
        Err(error) => assert!(error.to_string().len() < 8 * IDURL_BYTES * 10, "an error has a bound"),
    }
});

fn entrypoint_is_sound(entrypoint: &Entrypoint) {
    assert_ne!(entrypoint.address.port(), 0);
    assert_eq!(entrypoint.to_string().parse().as_ref(), Ok(entrypoint));
    assert!(!(entrypoint.is_public() && entrypoint.is_loopback()));
}

fn idurl_is_sound(text: &str, idurl: &Idurl) {
    assert!(text.len() <= IDURL_BYTES && idurl.at.len() <= IDURL_ENTRYPOINTS);
    idurl.at.iter().for_each(entrypoint_is_sound);
    let written = idurl.to_string();
    match written.parse::<Idurl>() {
        Ok(again) => {
            assert_eq!(again, *idurl);
            assert_eq!(again.to_string(), written);
        }
        // Signs that were not encoded are, so the text may have grown.
        Err(_) => assert!(written.len() > IDURL_BYTES),
    }
}
