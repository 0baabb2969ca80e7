//! AC-O10: the URI that an authenticator app takes.

mod common;

use std::time::Duration;

use portcullis_mfa::{Digits, Totp, TotpAlgorithm, TotpParameters};
use proptest::prelude::*;

use self::common::RFC_SECRET;

fn rfc() -> Totp {
    Totp::from_base32(RFC_SECRET).unwrap()
}

fn uri(issuer: &str, account: &str) -> String {
    rfc().uri(issuer, account).unwrap().expose().to_owned()
}

fn refused(issuer: &str, account: &str) -> String {
    rfc().uri(issuer, account).unwrap_err().to_string()
}

#[test]
fn ac_o10_the_form() {
    assert_eq!(
        uri("Acme", "ada"),
        format!(
            "otpauth://totp/Acme:ada?secret={RFC_SECRET}&issuer=Acme&algorithm=SHA1&digits=6&period=30"
        )
    );
}

#[test]
fn ac_o10_other_parameters() {
    let parameters = TotpParameters::default()
        .with_algorithm(TotpAlgorithm::Sha512)
        .with_digits(Digits::Eight)
        .with_period(Duration::from_secs(60))
        .unwrap();
    let uri = rfc()
        .with_parameters(parameters)
        .uri("Acme", "ada")
        .unwrap();
    assert!(
        uri.expose()
            .ends_with("&algorithm=SHA512&digits=8&period=60")
    );
}

#[test]
fn ac_o10_everything_is_percent_encoded() {
    assert!(
        uri("Big Corp", "ada+totp@example.com")
            .starts_with("otpauth://totp/Big%20Corp:ada%2Btotp%40example.com?")
    );
    assert!(
        uri("Å & Ö", "名前")
            .starts_with("otpauth://totp/%C3%85%20%26%20%C3%96:%E5%90%8D%E5%89%8D?")
    );
    assert!(uri("-._~", "AZaz09").starts_with("otpauth://totp/-._~:AZaz09?"));
}

/// Whoever chooses an account's name must not choose the secret, or the issuer that the app shows.
#[test]
fn ac_o10_an_account_cannot_add_parameters() {
    let account = "x?secret=AAAAAAAAAAAAAAAA&issuer=Bank#/../%3A";
    let uri = uri("Acme", account);
    assert_eq!(uri.matches("secret=").count(), 1);
    assert_eq!(uri.matches("issuer=").count(), 1);
    assert_eq!(uri.matches(['?', '#']).count(), 1);
    assert!(uri.contains("%3Fsecret%3DAAAAAAAAAAAAAAAA%26issuer%3DBank%23%2F..%2F%253A?"));
}

#[test]
fn ac_o10_a_colon_belongs_to_accounts_only() {
    assert!(uri("Acme", "corp:ada").starts_with("otpauth://totp/Acme:corp%3Aada?"));
    assert_eq!(refused("Acme: Inc", "ada"), "the issuer contains a colon");
}

#[test]
fn labels_that_are_refused() {
    assert_eq!(refused("", "ada"), "the issuer is empty");
    assert_eq!(refused("Acme", " "), "the account is empty");
    assert_eq!(
        refused("Acme", "a\nb"),
        "the account contains a control character"
    );
    assert_eq!(
        refused("Ac\u{7f}me", "ada"),
        "the issuer contains a control character"
    );
    assert_eq!(refused(&"i".repeat(129), "ada"), "the issuer is too long");
    assert_eq!(refused("Acme", &"a".repeat(321)), "the account is too long");
    assert!(rfc().uri(&"i".repeat(128), &"a".repeat(320)).is_ok());
}

/// Undoes percent-encoding, strictly.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(issuer in "\\PC{1,40}", account in "\\PC{1,80}") {
        let Ok(uri) = rfc().uri(&issuer, &account) else {
            prop_assert!(issuer.contains(':') || issuer.trim().is_empty() || account.trim().is_empty()
                || issuer.len() > 128 || account.len() > 320);
            return Ok(());
        };
        prop_assert!(uri.expose().is_ascii());
        let rest = uri.expose().strip_prefix("otpauth://totp/").unwrap();
        let (label, query) = rest.split_once('?').unwrap();
        let (label_issuer, label_account) = label.split_once(':').unwrap();
        prop_assert_eq!(decoded(label_issuer), issuer.as_str());
        prop_assert_eq!(decoded(label_account), account);
        let names: Vec<&str> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
        prop_assert_eq!(names, ["secret", "issuer", "algorithm", "digits", "period"]);
        let query_issuer = query.split('&').nth(1).unwrap().split_once('=').unwrap().1;
        prop_assert_eq!(decoded(query_issuer), issuer);
    }
}
