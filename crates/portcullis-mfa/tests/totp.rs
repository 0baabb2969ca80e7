//! AC-O1 and AC-O2: which codes are right, when, and how often.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_mfa::{Step, Totp, TotpAlgorithm, TotpParameters};
use proptest::prelude::*;

use self::common::{ALGORITHMS, DIGITS, RFC_SECRET, seconds};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn rfc() -> Totp {
    Totp::from_base32(RFC_SECRET).unwrap()
}

fn millis(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn stored(totp: &Totp) -> Vec<u8> {
    totp.to_bytes().expose().to_vec()
}

fn code(totp: &Totp, moment: Timestamp) -> String {
    totp.code_at(moment).expose().to_owned()
}

/// At 59 s, six digits of RFC 6238's secret: 287082.
const AT: Timestamp = Timestamp::from_unix_seconds(59);

#[test]
fn ac_o1_the_defaults() {
    let totp = Totp::generate().unwrap();
    assert_eq!(totp.secret_base32().expose().len(), 32, "20 bytes");
    assert_eq!(totp.parameters().algorithm(), TotpAlgorithm::Sha1);
    assert_eq!(totp.parameters().digits().count(), 6);
    assert_eq!(totp.parameters().period(), Duration::from_secs(30));
    assert_eq!(totp.skew(), 1);
}

#[test]
fn ac_o1_spaces_and_hyphens_do_not_count() {
    for typed in [
        "287082",
        " 28 70 82 ",
        "287 082",
        "287-082",
        "2-8-7-0-8-2",
        "--287082--",
    ] {
        assert!(rfc().verify(typed, &mut None, AT), "{typed:?}");
    }
}

#[test]
fn ac_o1_nothing_else_is_a_digit() {
    for typed in [
        "",
        " ",
        "28708",
        "2870820",
        "0287082",
        "+287082",
        "+28708",
        "-",
        "287082.0",
        "2.87082e5",
        "0x46168",
        "287_082",
        "287,082",
        "287082\n",
        "\t287082",
        "287082\0",
        "287\u{a0}082",
        "287\u{2009}082",
        "287\u{2011}082",
        "287\u{200b}082",
        "２８７０８２",
        "٢٨٧٠٨٢",
        "۲۸۷۰۸۲",
        "२८७०८२",
        "𝟐𝟖𝟕𝟎𝟖𝟐",
        "②⑧⑦⓪⑧②",
        "28708Z",
        "287O82",
        "287082;",
        "'287082'",
    ] {
        assert!(!rfc().verify(typed, &mut None, AT), "{typed:?}");
    }
}

/// The code 005924 is not 5924: leading zeros are typed.
#[test]
fn ac_o1_leading_zeros_are_part_of_a_code() {
    let moment = (0..100_000)
        .map(|step| seconds(step * 30))
        .find(|moment| rfc().code_at(*moment).expose().starts_with("00"))
        .unwrap();
    let code = code(&rfc(), moment);
    assert_eq!(code.len(), 6);
    assert!(rfc().verify(&code, &mut None, moment));
    assert!(!rfc().verify(&code[1..], &mut None, moment));
    assert!(!rfc().verify(&code[2..], &mut None, moment));
    assert!(!rfc().verify(&format!("0{code}"), &mut None, moment));
    assert!(!rfc().verify(&format!("+{}", &code[1..]), &mut None, moment));
}

#[test]
fn endless_text_is_not_a_code() {
    let spaces = " ".repeat(10_000_000);
    assert!(!rfc().verify(&spaces, &mut None, AT));
    assert!(!rfc().verify(&format!("{spaces}287082"), &mut None, AT));
    assert!(!rfc().verify(&"287082".repeat(1_000_000), &mut None, AT));
}

/// A code belongs to the step that begins at 1 700 000 010 s. To the millisecond: when it is accepted first, when last.
#[test]
fn ac_o1_the_window_to_the_millisecond() {
    let start: i64 = 1_700_000_010_000;
    let code = code(&rfc(), millis(start));
    for (skew, early, late) in [(0, 0, 30_000), (1, 30_000, 60_000), (2, 60_000, 90_000)] {
        let totp = rfc().with_skew(skew).unwrap();
        let at = |offset| totp.verify(&code, &mut None, millis(start + offset));
        assert!(!at(-early - 1), "skew {skew}: a millisecond too early");
        assert!(at(-early), "skew {skew}: the first");
        assert!(at(0) && at(29_999), "skew {skew}: while it is shown");
        assert!(at(late - 1), "skew {skew}: the last");
        assert!(!at(late), "skew {skew}: a millisecond too late");
    }
}

#[test]
fn ac_o1_the_window_is_one_step_by_default() {
    let now = seconds(1_700_000_010);
    let at = |offset: i64| {
        rfc().verify(
            &code(&rfc(), seconds(1_700_000_010 + offset)),
            &mut None,
            now,
        )
    };
    let accepted = [-60, -30, 0, 30, 60].map(at);
    assert_eq!(accepted, [false, true, true, true, false]);
}

#[test]
fn a_wider_window_than_two_steps_is_refused() {
    assert!(rfc().with_skew(2).is_ok());
    for skew in [3, 10, u8::MAX] {
        let error = rfc().with_skew(skew).unwrap_err();
        assert_eq!(error.to_string(), "the skew of a TOTP is 0, 1 or 2 steps");
    }
}

#[test]
fn ac_o2_a_code_works_once() {
    let (totp, mut last) = (rfc(), None);
    let code = code(&totp, NOW);
    assert!(totp.verify(&code, &mut last, NOW));
    assert_eq!(last, totp.step_at(NOW));
    for later in 0..120 {
        let later = NOW.saturating_add(Duration::from_secs(later));
        assert!(!totp.verify(&code, &mut last, later));
        assert!(!totp.verify(
            &format!(" {} - {}", &code[..3], &code[3..]),
            &mut last,
            later
        ));
    }
    assert_eq!(last, totp.step_at(NOW), "a refused code moves nothing");
}

#[test]
fn ac_o2_only_later_steps_are_accepted() {
    let totp = rfc();
    let shown = [-30, 0, 30].map(|offset| code(&totp, seconds(1_700_000_010 + offset)));
    let now = seconds(1_700_000_010);

    let mut last = None;
    assert!(totp.verify(&shown[1], &mut last, now));
    assert!(
        !totp.verify(&shown[0], &mut last, now),
        "an earlier one, unused"
    );
    assert!(totp.verify(&shown[2], &mut last, now), "a later one");
    assert!(!totp.verify(&shown[1], &mut last, now));
    assert!(!totp.verify(&shown[0], &mut last, now));

    let mut last = None;
    for code in &shown {
        assert!(totp.verify(code, &mut last, now), "in order, all three");
    }
}

#[test]
fn ac_o2_a_last_step_in_the_future_accepts_nothing() {
    let step = rfc().step_at(NOW).unwrap().number();
    for ahead in [2, 1_000_000, u64::MAX - step] {
        let after = Some(Step::from_number(step + ahead));
        assert_eq!(rfc().matching_step(&code(&rfc(), NOW), after, NOW), None);
    }
}

/// Where one code belongs to two steps of a window, using it must use up both.
#[test]
fn ac_o2_a_code_of_two_steps_works_once() {
    let totp = rfc().with_skew(2).unwrap();
    let twice = (2..).map(|step| step * 30).find(|time| {
        let shown: Vec<String> = (-2..=2)
            .map(|offset| code(&totp, seconds(time + 30 * offset)))
            .collect();
        shown.iter().collect::<HashSet<_>>().len() < shown.len()
    });
    let time = twice.unwrap();
    let shown: Vec<String> = (-2..=2)
        .map(|offset| code(&totp, seconds(time + 30 * offset)))
        .collect();
    let double = shown
        .iter()
        .find(|code| shown.iter().filter(|other| other == code).count() > 1);
    let (double, mut last) = (double.unwrap(), None);
    assert!(totp.verify(double, &mut last, seconds(time)));
    assert!(!totp.verify(double, &mut last, seconds(time)));
}

/// v5.0.0-6.5.1: the same code in parallel, against a store that moves the last step on as `matching_step` asks it to.
#[test]
fn ac_o2_of_parallel_submissions_one_succeeds() {
    for round in 0..50 {
        let now = NOW.saturating_add(Duration::from_secs(30 * round));
        let totp = rfc();
        let code = code(&totp, now);
        let last = Arc::new(AtomicU64::new(0));
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (totp, code) = (totp.clone(), code.clone());
                let (last, barrier) = (Arc::clone(&last), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    let seen = Step::from_number(last.load(Ordering::SeqCst));
                    let step = totp.matching_step(&code, Some(seen), now);
                    step.is_some_and(|step| {
                        last.fetch_max(step.number(), Ordering::SeqCst) < step.number()
                    })
                })
            })
            .collect();
        let wins = threads.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(wins.filter(|won| *won).count(), 1);
    }
}

#[test]
fn moments_at_the_edges_of_time() {
    let totp = rfc().with_skew(2).unwrap();
    assert!(totp.verify(&code(&totp, seconds(0)), &mut None, seconds(0)));
    assert_eq!(totp.step_at(seconds(-1)), None);
    assert_eq!(code(&totp, seconds(-1)), code(&totp, seconds(0)));
    assert!(
        !totp.verify(&code(&totp, seconds(0)), &mut None, millis(-1)),
        "before 1970 nothing is right"
    );
    let last = millis(i64::MAX);
    assert!(totp.verify(&code(&totp, last), &mut None, last));
    assert!(i64::try_from(totp.step_at(last).unwrap().number()).is_ok());
}

#[test]
fn another_users_code_is_wrong() {
    let (one, other) = (Totp::generate().unwrap(), Totp::generate().unwrap());
    let right = (0..1000).filter(|step| {
        let moment = seconds(step * 90);
        other.verify(&code(&one, moment), &mut None, moment)
    });
    // By chance, 1000 codes against 3 steps each: 0.003 are right.
    assert!(right.count() < 3);
}

/// v5.0.0-6.5.3: secrets are random.
#[test]
fn ten_thousand_secrets_differ() {
    let secrets: HashSet<String> = (0..10_000)
        .map(|_| {
            Totp::generate()
                .unwrap()
                .secret_base32()
                .expose()
                .to_owned()
        })
        .collect();
    assert_eq!(secrets.len(), 10_000);
    for place in 0..32 {
        let symbols: HashSet<u8> = secrets
            .iter()
            .map(|secret| secret.as_bytes()[place])
            .collect();
        assert_eq!(symbols.len(), 32, "every symbol at place {place}");
    }
}

#[test]
fn new_secrets_are_as_long_as_the_hash() {
    for (algorithm, length) in ALGORITHMS.into_iter().zip([20, 32, 64]) {
        let parameters = TotpParameters::default().with_algorithm(algorithm);
        let totp = Totp::generate_with(parameters).unwrap();
        let secret = totp.secret_base32();
        let bytes = data_encoding::BASE32_NOPAD
            .decode(secret.expose().as_bytes())
            .unwrap();
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn a_secret_has_16_to_128_bytes() {
    let lengths = |take: fn(&[u8]) -> bool| -> Vec<usize> {
        [0, 1, 9, 10, 15, 16, 128, 129]
            .into_iter()
            .filter(|length| take(&vec![7; *length]))
            .collect()
    };
    assert_eq!(lengths(|bytes| Totp::from_secret(bytes).is_ok()), [16, 128]);
    assert_eq!(
        lengths(|bytes| Totp::with_insecure_short_secret(bytes).is_ok()),
        [10, 15, 16, 128]
    );
    let error = Totp::from_secret(&[7; 15]).unwrap_err();
    assert_eq!(error.to_string(), "the secret is too short");
}

#[test]
fn secrets_are_read_as_people_write_them_down() {
    for text in [
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
    ] {
        assert_eq!(
            Totp::from_base32(text).unwrap().secret_base32().expose(),
            RFC_SECRET
        );
    }
}

#[test]
fn what_is_not_base32_is_no_secret() {
    let endless = "A".repeat(10_000_000);
    for text in [
        "",
        "=",
        "GEZDGNBVGY3TQOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGB",
        "GEZDGNBVGY3TQOJQ=EZDGNBVGY3TQOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJÉ",
        &endless,
    ] {
        assert!(
            Totp::from_base32(text).is_err(),
            "{:?}",
            &text[..text.len().min(40)]
        );
    }
}

#[test]
fn periods_of_15_to_300_whole_seconds() {
    let period = |period| TotpParameters::default().with_period(period).is_ok();
    for seconds in [15, 30, 60, 300] {
        assert!(period(Duration::from_secs(seconds)), "{seconds}");
    }
    for refused in [
        Duration::ZERO,
        Duration::from_secs(14),
        Duration::from_secs(301),
        Duration::from_secs(65_536 + 30),
        Duration::from_millis(30_500),
        Duration::MAX,
    ] {
        assert!(!period(refused), "{refused:?}");
    }
}

#[test]
fn bytes_keep_secret_and_parameters() {
    for algorithm in ALGORITHMS {
        for digits in DIGITS {
            let parameters = TotpParameters::default()
                .with_algorithm(algorithm)
                .with_digits(digits)
                .with_period(Duration::from_secs(300))
                .unwrap();
            let totp = Totp::generate_with(parameters).unwrap();
            let read = Totp::from_bytes(totp.to_bytes().expose()).unwrap();
            assert_eq!(read.parameters(), parameters);
            assert_eq!(read.secret_base32().expose(), totp.secret_base32().expose());
            assert_eq!(read.skew(), 1);
        }
    }
}

/// What is stored today must be read tomorrow.
#[test]
fn bytes_have_a_form_that_stays() {
    let form = [&[1, 1, 6, 0, 30], b"12345678901234567890".as_slice()].concat();
    assert_eq!(rfc().to_bytes().expose(), form);
    assert_eq!(
        Totp::from_bytes(&form).unwrap().secret_base32().expose(),
        RFC_SECRET
    );
}

#[test]
fn other_bytes_are_not_a_totp() {
    let good = rfc().to_bytes();
    for (place, value) in [
        (0, 0),
        (0, 2),
        (1, 0),
        (1, 4),
        (2, 5),
        (2, 9),
        (3, 255),
        (4, 14),
    ] {
        let mut bytes = good.expose().to_vec();
        bytes[place] = value;
        assert!(Totp::from_bytes(&bytes).is_err(), "{value} at {place}");
    }
    for length in 0..15 {
        assert!(
            Totp::from_bytes(&good.expose()[..length]).is_err(),
            "{length}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_is_the_code(typed in ".*", time in any::<i64>()) {
        let now = seconds(time);
        let canonical: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let right = (-30..=30).step_by(30).any(|offset| {
            now >= seconds(0) && code(&rfc(), seconds(time.saturating_add(offset))) == canonical
        });
        prop_assert_eq!(rfc().verify(&typed, &mut None, now), right);
    }

    #[test]
    fn six_digits_are_right_only_if_they_are_a_code_of_the_window(number in 0..1_000_000_u32, time in 60..4_000_000_000_i64) {
        let typed = format!("{number:06}");
        let shown = [-30, 0, 30].map(|offset| code(&rfc(), seconds(time + offset)));
        prop_assert_eq!(rfc().verify(&typed, &mut None, seconds(time)), shown.contains(&typed));
    }

    #[test]
    fn the_step_that_matches_is_the_step_of_the_code(time in 60..4_000_000_000_i64, offset in -1..=1_i64, after in -3..=3_i64) {
        let totp = rfc();
        let number = |offset: i64| totp.step_at(seconds(time + 30 * offset)).unwrap();
        let shown = [-1, 0, 1].map(|offset| code(&totp, seconds(time + 30 * offset)));
        prop_assume!(shown.iter().collect::<HashSet<_>>().len() == 3);
        let after = Step::from_number(number(0).number().saturating_add_signed(after));
        let typed = &shown[usize::try_from(offset + 1).unwrap()];
        let expected = Some(number(offset)).filter(|step| *step > after);
        prop_assert_eq!(totp.matching_step(typed, Some(after), seconds(time)), expected);
    }

    #[test]
    fn any_bytes_are_refused_or_come_back(bytes in prop::collection::vec(any::<u8>(), 0..160)) {
        if let Ok(totp) = Totp::from_bytes(&bytes) {
            prop_assert_eq!(stored(&totp), bytes.as_slice());
        }
        if let Ok(totp) = Totp::from_secret(&bytes) {
            let text = totp.secret_base32();
            let back = Totp::from_base32(text.expose()).unwrap();
            prop_assert_eq!(&stored(&back)[5..], bytes);
        }
    }

    #[test]
    fn any_text_as_a_secret_never_panics(text in ".*") {
        if let Ok(totp) = Totp::from_base32(&text) {
            let typed: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            let written = totp.secret_base32();
            prop_assert_eq!(written.expose(), typed.to_uppercase());
        }
    }
}
