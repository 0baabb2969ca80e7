//! The policy: AC-P1, AC-P2, AC-P3, and the lines of ASVS 5.0 6.2 about new passwords.

mod support;

use portcullis_password::{
    BreachOutcome, CommonPasswords, Password, PasswordPolicy, PolicyContext, WeakPassword,
    WeakReason,
};
use proptest::prelude::*;
use support::password;

fn codes(policy: &PasswordPolicy, text: &str, context: &PolicyContext) -> Vec<&'static str> {
    let checked = policy.check(&password(text), context);
    checked.map_or_else(|weak| weak.codes(), |()| Vec::new())
}

fn plain(policy: &PasswordPolicy, text: &str) -> Vec<&'static str> {
    codes(policy, text, &PolicyContext::new())
}

/// Nothing is asked for: the rules under test are switched on one by one.
fn nothing() -> PasswordPolicy {
    PasswordPolicy::compat()
        .min_length(0)
        .require_uppercase(false)
        .require_numbers(false)
        .require_symbols(false)
}

#[test]
fn ac_p1_v5_0_0_6_2_1_the_default_takes_eight_code_points() {
    let policy = PasswordPolicy::default();
    for (text, expected) in [
        ("xkjwqzv", vec!["length"]),
        ("xkjwqzvb", vec![]),
        ("😀😁😂🤣😃😄😅", vec!["length"]),
        ("😀😁😂🤣😃😄😅😆", vec![]),
        ("", vec!["length"]),
    ] {
        assert_eq!(plain(&policy, text), expected, "{text}");
    }
}

#[test]
fn ac_p1_v5_0_0_6_2_5_the_default_takes_any_composition() {
    let policy = PasswordPolicy::default();
    let long = "a b".repeat(22);
    for text in [
        "all lower case words",
        "90210774",
        "ALLUPPERKZ",
        "        ",
        "!\"§$%&/()",
        &long,
        "пароль-другой",
        "密码密码密码密码",
    ] {
        assert_eq!(plain(&policy, text), Vec::<&str>::new(), "{text:?}");
    }
}

#[test]
fn ac_p1_nist_asks_for_fifteen_or_eight_beside_a_second_factor() {
    let policy = PasswordPolicy::nist();
    let alone = PolicyContext::new();
    let with_mfa = PolicyContext::new().with_mfa(true);
    for (text, expected_alone, expected_mfa) in [
        ("xkjwqzvmplghtr", vec!["length"], vec![]),
        ("xkjwqzvmplghtrb", vec![], vec![]),
        ("xkjwqzv", vec!["length"], vec!["length"]),
        ("passwordpassword", vec!["common"], vec!["common"]),
    ] {
        assert_eq!(codes(&policy, text, &alone), expected_alone, "{text}");
        assert_eq!(codes(&policy, text, &with_mfa), expected_mfa, "{text}");
    }
}

#[test]
fn ac_p1_compat_is_the_documented_rules_and_nothing_else() {
    let policy = PasswordPolicy::compat();
    let context = PolicyContext::new().identifier("Password1!");
    assert_eq!(codes(&policy, "Password1!", &context), Vec::<&str>::new());
    assert_eq!(
        plain(&policy, "password"),
        ["uppercase", "number", "symbol"]
    );
    assert_eq!(plain(&policy, "Pass1!"), ["length"]);
}

#[test]
fn ac_p1_every_requirement_is_set_alone() {
    let text = "x";
    for (policy, expected) in [
        (nothing(), vec![]),
        (nothing().min_length(2), vec!["length"]),
        (nothing().require_uppercase(true), vec!["uppercase"]),
        (nothing().require_numbers(true), vec!["number"]),
        (nothing().require_symbols(true), vec!["symbol"]),
        (
            nothing().common_passwords(Some(CommonPasswords::empty().with(["X"]))),
            vec!["common"],
        ),
        (
            nothing().refuse_similar(true).context_word("x"),
            vec!["similar"],
        ),
    ] {
        assert_eq!(plain(&policy, text), expected);
    }
    let breached = PolicyContext::new().breach(BreachOutcome::Breached { times: 1 });
    assert_eq!(codes(&nothing(), text, &breached), ["pwned"]);
}

#[test]
fn ac_p2_everything_that_is_wrong_is_said_at_once() {
    let policy = PasswordPolicy::compat()
        .min_length(12)
        .common_passwords(Some(CommonPasswords::embedded()))
        .refuse_similar(true);
    let context = PolicyContext::new()
        .identifier("dragon@example.com")
        .breach(BreachOutcome::Breached { times: 9 });
    let weak = policy.check(&password("dragon"), &context).unwrap_err();
    assert_eq!(
        weak.codes(),
        [
            "length",
            "uppercase",
            "number",
            "symbol",
            "common",
            "pwned",
            "similar"
        ]
    );
    assert_eq!(weak.reasons().len(), 7);
    assert!(!weak.to_string().contains("dragon"));
}

#[test]
fn a_password_beyond_the_greatest_length_is_a_length_reason_too() {
    let too_long = Password::new("x".repeat(1025)).unwrap_err();
    assert_eq!(WeakPassword::from(too_long).reasons(), [WeakReason::Length]);
}

#[test]
fn ac_p3_length_counts_code_points_after_nfkc() {
    let policy = nothing().min_length(4);
    assert_eq!(plain(&policy, "ﬃx"), Vec::<&str>::new()); // one ligature, three letters
    assert_eq!(plain(&policy, "e\u{301}e\u{301}e\u{301}"), ["length"]); // six code points, three letters
    assert_eq!(plain(&policy, "ééééé"), Vec::<&str>::new());
}

#[test]
fn ac_p3_classes_are_unicodes() {
    let upper = nothing().require_uppercase(true);
    let number = nothing().require_numbers(true);
    let symbol = nothing().require_symbols(true);
    for (policy, yes, no) in [
        (
            &upper,
            &["A", "Ä", "Ж", "Σ"][..],
            &["a", "1", "!", "密", "ª"][..],
        ),
        (&number, &["1", "٣", "½", "۴"], &["a", "A", "!", "一"]),
        (
            &symbol,
            &["!", "€", "_", "😀", "“"],
            &["a", "1", " ", "\u{a0}", "\n", "\0", "密", "é"],
        ),
    ] {
        yes.iter()
            .for_each(|text| assert!(plain(policy, text).is_empty(), "{text:?}"));
        no.iter()
            .for_each(|text| assert_eq!(plain(policy, text).len(), 1, "{text:?}"));
    }
}

#[test]
fn v5_0_0_6_2_4_every_common_password_that_fits_the_policy_is_refused() {
    let policy = PasswordPolicy::default().refuse_similar(false);
    let fitting: Vec<_> = CommonPasswords::embedded_entries()
        .filter(|entry| entry.chars().count() >= 8)
        .collect();
    assert!(fitting.len() >= 3000, "{}", fitting.len());
    for entry in fitting {
        assert_eq!(plain(&policy, entry), ["common"], "{entry}");
        assert_eq!(plain(&policy, &entry.to_uppercase()), ["common"], "{entry}");
    }
}

#[test]
fn the_embedded_list_is_sorted_and_has_no_doubles() {
    let entries: Vec<_> = CommonPasswords::embedded_entries().collect();
    assert_eq!(entries.len(), 27_986);
    assert!(
        entries
            .windows(2)
            .all(|pair| pair[0].as_bytes() < pair[1].as_bytes())
    );
    assert!(
        entries
            .iter()
            .all(|entry| entry.len() >= 6 && *entry == entry.to_lowercase())
    );
    let list = CommonPasswords::embedded();
    assert!(entries.iter().all(|entry| list.contains(entry)));
}

#[test]
fn what_is_near_a_common_password_is_not_on_the_list() {
    let list = CommonPasswords::embedded();
    for text in [
        "",
        "\n",
        "passw0rx",
        "password ",
        "password\nbaseball",
        "zzzzzzzzzzzzzzzzzz~",
        "\0",
        "!",
    ] {
        assert!(!list.contains(text), "{text:?}");
    }
    for text in [
        "password",
        "PASSWORD",
        "ｐａｓｓｗｏｒｄ",
        "dragondragon",
        "123456123456123456",
    ] {
        assert!(list.contains(text), "{text:?}");
    }
}

#[test]
fn ac_p1_v5_0_0_6_2_11_context_words_and_identifiers_are_refused() {
    let policy = PasswordPolicy::default()
        .context_word("Portcullis")
        .context_word("Acme Corp");
    let context = PolicyContext::new()
        .identifier("ada.lovelace@example.com")
        .identifier("Grace Hopper");
    for similar in [
        "portcullis",
        "Portcullis1",
        "p0rtcullis!",
        "acme2024!",
        "1234acme",
        "acme-acme-acme",
        "lovelace",
        "LoveLace99",
        "ada.lovelace",
        "ada.lovelace@example.com",
        "example.com",
        "gracehopper",
        "hopper42",
        "ｌｏｖｅｌａｃｅ１",
    ] {
        assert_eq!(codes(&policy, similar, &context), ["similar"], "{similar}");
    }
    for different in [
        "correct horse battery staple",
        "a very acme sort of sentence",
        "grasshoppers jump far",
    ] {
        assert_eq!(
            codes(&policy, different, &context),
            Vec::<&str>::new(),
            "{different}"
        );
    }
}

#[test]
fn similarity_is_bounded_to_256_characters() {
    let policy = PasswordPolicy::default();
    let context = PolicyContext::new().identifier("x".repeat(1_000_000));
    assert_eq!(codes(&policy, &"x".repeat(256), &context), ["similar"]);
    assert_eq!(
        codes(&policy, &"x".repeat(257), &context),
        Vec::<&str>::new()
    );
    let many = (0..10_000).fold(PolicyContext::new(), |context, index| {
        context.identifier(format!("{index}-{}", "word-".repeat(50)))
    });
    assert_eq!(codes(&policy, &"Zq".repeat(128), &many), Vec::<&str>::new());
}

#[test]
fn ac_h9_an_unknown_breach_outcome_passes() {
    let policy = PasswordPolicy::default();
    for outcome in [BreachOutcome::Unknown, BreachOutcome::NotFound] {
        let context = PolicyContext::new().breach(outcome);
        assert_eq!(
            codes(&policy, "xkjwqzvb", &context),
            Vec::<&str>::new(),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_contexts_debug_output_names_nobody() {
    let context = PolicyContext::new().identifier("ada@example.com");
    assert!(!format!("{context:?}").contains("ada"));
}

fn any_policy() -> impl Strategy<Value = PasswordPolicy> {
    (0_usize..20, any::<[bool; 5]>()).prop_map(
        |(length, [upper, number, symbol, common, similar])| {
            PasswordPolicy::default()
                .min_length(length)
                .require_uppercase(upper)
                .require_numbers(number)
                .require_symbols(symbol)
                .common_passwords(common.then(CommonPasswords::embedded))
                .refuse_similar(similar)
                .context_word("portcullis")
        },
    )
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9!é ]{0,30}",
        "(password|portcullis|ada){0,3}[0-9!]{0,4}"
    ]
}

proptest! {
    #[test]
    fn ac_p2_a_check_gives_each_reason_once_in_order_and_never_none(policy in any_policy(), text in any_text(), name in any_text()) {
        let context = PolicyContext::new().identifier(name);
        if let Err(weak) = policy.check(&password(&text), &context) {
            prop_assert!(!weak.reasons().is_empty());
            prop_assert!(weak.reasons().windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn ac_p3_class_rules_agree_with_a_plain_reading(text in any_text(), least in 0_usize..20) {
        let policy = PasswordPolicy::compat().min_length(least);
        let typed = password(&text);
        let characters: Vec<char> = typed.expose().chars().collect();
        let found = codes(&policy, &text, &PolicyContext::new());
        prop_assert_eq!(found.contains(&"length"), characters.len() < least);
        prop_assert_eq!(found.contains(&"uppercase"), characters.iter().all(|c| !c.is_uppercase()));
        prop_assert_eq!(found.contains(&"number"), characters.iter().all(|c| !c.is_numeric()));
        let symbol = |c: &char| !(c.is_alphanumeric() || c.is_whitespace() || c.is_control());
        prop_assert_eq!(found.contains(&"symbol"), !characters.iter().any(symbol));
    }

    /// A stricter policy finds at least what a laxer one finds.
    #[test]
    fn a_rule_more_never_hides_another(policy in any_policy(), text in any_text(), least in 20_usize..40) {
        let context = PolicyContext::new().identifier("ada lovelace");
        let lax = codes(&policy, &text, &context);
        let strict = policy
            .min_length(least)
            .require_uppercase(true)
            .require_numbers(true)
            .require_symbols(true)
            .common_passwords(Some(CommonPasswords::embedded()))
            .refuse_similar(true);
        let strict = codes(&strict, &text, &context);
        prop_assert!(lax.iter().all(|code| strict.contains(code)), "{lax:?} {strict:?}");
    }

    #[test]
    fn an_identifier_itself_is_always_similar(name in "[a-z0-9._]{5,40}") {
        let policy = nothing().refuse_similar(true);
        let context = PolicyContext::new().identifier(name.clone());
        prop_assert_eq!(codes(&policy, &name, &context), ["similar"]);
        prop_assert_eq!(codes(&policy, &name.to_uppercase(), &context), ["similar"]);
        prop_assert_eq!(codes(&policy, &format!("{name}1"), &context), ["similar"]);
    }
}
