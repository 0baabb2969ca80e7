//! Scopes, permissions, times, networks and identifiers: none may panic, and nothing but `*` grants everything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::limit::normalize_identifier;
use portcullis::{PermissionSet, Scopes, Timestamp, TrustedProxies};

fuzz_target!(|names: (&str, &str)| {
    let (first, second) = names;
    if let Ok(scopes) = first.parse::<Scopes>() {
        assert_eq!(scopes.to_string().parse::<Scopes>().unwrap(), scopes);
    }
    if let Ok(granted) = PermissionSet::new([first]) {
        let _ = granted.permits(second);
        assert!(first == "*" || !granted.permits("\u{1}nobody\u{1}grants\u{1}this"));
    }
    let _ = first.parse::<Timestamp>();
    let _ = first.parse::<TrustedProxies>();
    let once = normalize_identifier(first);
    assert_eq!(normalize_identifier(&once), once, "normalised once is normalised for good");
});
