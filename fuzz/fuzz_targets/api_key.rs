//! A text that claims to be an API key: what parses is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::ApiKey;
use portcullis::key::verify_format;

fuzz_target!(|text: &str| {
    match text.parse::<ApiKey>() {
        Ok(key) => assert_eq!(key.expose(), text),
        Err(_) => assert!(verify_format(text).is_none()),
    }
});
