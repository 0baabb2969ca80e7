//! Scopes as OAuth writes them (RFC 6749 §3.3).

use portcullis_core::Scopes;
use proptest::prelude::*;

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

#[test]
fn ac_k8_read_and_written() {
    let both = scopes("read write");
    assert_eq!(both.to_string(), "read write");
    assert_eq!(both.len(), 2);
    assert!(both.contains("read") && both.contains("write"));
    assert!(!both.contains("Read") && !both.contains("rea") && !both.contains("read write"));
    assert_eq!(both, scopes("write read"), "sets have no order");
    assert_eq!(
        scopes("  read   write read "),
        both,
        "spaces and repetitions do not matter"
    );
    assert_eq!(scopes(" "), Scopes::none());
    assert!(scopes("").is_empty());
}

#[test]
fn ac_k8_every_character_outside_the_grammar_is_refused() {
    for byte in 0..=0x7f_u8 {
        let name = format!("a{}b", char::from(byte));
        let allowed =
            byte == 0x21 || (0x23..=0x5b).contains(&byte) || (0x5d..=0x7e).contains(&byte);
        assert_eq!(
            Scopes::new([name.as_str()]).is_ok(),
            allowed,
            "byte {byte:#x}"
        );
    }
    assert!(Scopes::new([""]).is_err());
    for text in [
        "re\"ad",
        "re\\ad",
        "lä",
        "read\twrite",
        "read\nwrite",
        "read\u{a0}write",
        "a\u{1f}b",
    ] {
        assert!(text.parse::<Scopes>().is_err(), "{text:?}");
    }
}

#[test]
fn both_forms_in_json() {
    let read = |json: &str| serde_json::from_str::<Scopes>(json);
    assert_eq!(read(r#""read write""#).unwrap(), scopes("read write"));
    assert_eq!(read(r#"["read","write"]"#).unwrap(), scopes("read write"));
    assert_eq!(read("[]").unwrap(), Scopes::none());
    assert_eq!(read(r#""""#).unwrap(), Scopes::none());
    for wrong in [
        r#"["read write"]"#,
        r#"[""]"#,
        "7",
        "null",
        "{}",
        "[7]",
        r#"["a",null]"#,
        "true",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(
        serde_json::to_string(&scopes("b a")).unwrap(),
        r#"["b","a"]"#
    );
    assert_eq!(
        serde_json::from_str::<Option<Scopes>>("null").unwrap(),
        None,
        "no scopes is not an empty set"
    );
}

#[test]
fn ac_r7_subsets() {
    assert!(scopes("read").is_subset_of(&scopes("write read")));
    assert!(Scopes::none().is_subset_of(&Scopes::none()));
    assert!(!scopes("read admin").is_subset_of(&scopes("write read")));
    assert!(
        !scopes("read").is_subset_of(&scopes("*")),
        "names, not patterns"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(names in prop::collection::vec("[!#-\\[\\]-~]{1,12}", 0..80)) {
        let set = Scopes::new(names.iter().map(String::as_str)).unwrap();
        for name in &names {
            prop_assert!(set.contains(name));
        }
        prop_assert_eq!(&set.to_string().parse::<Scopes>().unwrap(), &set);
        let json = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Scopes>(&json).unwrap(), &set);
        prop_assert_eq!(set.iter().count(), set.len());
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_panics(text in ".{0,60}") {
        if let Ok(set) = text.parse::<Scopes>() {
            prop_assert!(text.split(' ').filter(|name| !name.is_empty()).all(|name| set.contains(name)));
        }
    }
}
