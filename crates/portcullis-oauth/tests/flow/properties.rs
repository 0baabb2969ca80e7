//! Whatever a browser brings.

use std::collections::BTreeSet;

use portcullis_oauth::{Callback, OauthErrorKind};
use proptest::prelude::*;

/// Names that mean something, and such that do not.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["code", "state", "iss", "error", "error_description"])
            .prop_map(str::to_owned),
        1 => "[a-z%=+&; ]{0,8}",
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), "\\PC{0,20}"), 0..7)
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

/// The same rules, said another way.
fn is_acceptable(pairs: &[(String, String)]) -> bool {
    let names: BTreeSet<&String> = pairs.iter().map(|(name, _)| name).collect();
    let has = |wanted: &str| pairs.iter().any(|(name, _)| name == wanted);
    let means_something = |name: &str| ["code", "state", "iss", "error"].contains(&name);
    let are_printable = pairs
        .iter()
        .all(|(name, value)| !means_something(name) || is_printable(value));
    names.len() == pairs.len() && has("code") != has("error") && are_printable
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(query in "\\PC*") {
        if let Err(error) = Callback::from_query(&query) {
            prop_assert_eq!(error.kind(), OauthErrorKind::InvalidCallback);
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let query = format!("code=c&state={escaped}");
        let is_good = !bytes.is_empty() && bytes.iter().all(|byte| (0x20..=0x7e).contains(byte));
        let callback = Callback::from_query(&query);
        prop_assert_eq!(callback.is_ok(), is_good);
        if let Ok(callback) = callback {
            prop_assert_eq!(callback.state().map(str::as_bytes), Some(&bytes[..]));
        }
    }

    #[test]
    fn exactly_what_the_rules_allow_is_read(pairs in pairs()) {
        let callback = Callback::from_query(&encoded(&pairs));
        prop_assert_eq!(callback.is_ok(), is_acceptable(&pairs));
        if let Ok(callback) = callback {
            let state = pairs.iter().find(|(name, _)| name == "state");
            prop_assert_eq!(callback.state(), state.map(|(_, value)| value.as_str()));
            let has_error = pairs.iter().any(|(name, _)| name == "error");
            prop_assert_eq!(callback.error().is_some(), has_error);
            prop_assert_eq!(format!("{callback:?}"), "Callback { .. }");
        }
    }
}
