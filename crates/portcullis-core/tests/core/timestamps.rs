//! Moments, up to the ends of what numbers can say.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_core::{SystemClock, Timestamp};
use proptest::prelude::*;

const FIRST: Timestamp = Timestamp::from_unix_millis(i64::MIN);
const LAST: Timestamp = Timestamp::from_unix_millis(i64::MAX);

#[test]
fn ac_j3_arithmetic_saturates_at_both_ends() {
    assert_eq!(Timestamp::from_unix_seconds(i64::MAX), LAST);
    assert_eq!(Timestamp::from_unix_seconds(i64::MIN), FIRST);
    assert_eq!(LAST.saturating_add(Duration::from_millis(1)), LAST);
    assert_eq!(LAST.saturating_add(Duration::MAX), LAST);
    assert_eq!(FIRST.saturating_sub(Duration::MAX), FIRST);
    assert_eq!(FIRST.saturating_add(Duration::MAX).unix_millis(), -1);
    assert_eq!(
        LAST.saturating_duration_since(FIRST),
        Duration::from_millis(i64::MAX as u64)
    );
    assert_eq!(FIRST.saturating_duration_since(LAST), Duration::ZERO);
}

#[test]
fn seconds_are_rounded_down_before_the_epoch_too() {
    assert_eq!(Timestamp::from_unix_millis(1999).unix_seconds(), 1);
    assert_eq!(Timestamp::from_unix_millis(-1).unix_seconds(), -1);
    assert_eq!(Timestamp::UNIX_EPOCH.unix_seconds(), 0);
}

#[test]
fn written_as_rfc_3339_within_the_years_that_it_knows() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (4_102_444_799, "2099-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "9999-12-31T23:59:59Z"),
        (-1, "1970-01-01T00:00:00Z"),
    ] {
        assert_eq!(Timestamp::from_unix_seconds(seconds).to_string(), text);
    }
    assert_eq!(FIRST.to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(LAST.to_string(), "9999-12-31T23:59:59Z");
    assert_eq!(format!("{LAST:?}"), "9999-12-31T23:59:59Z");
}

#[test]
fn json_is_the_same_text() {
    let moment = Timestamp::from_unix_seconds(1_767_225_600);
    let json = serde_json::to_string(&moment).unwrap();
    assert_eq!(json, r#""2026-01-01T00:00:00Z""#);
    assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
    for wrong in [
        "0",
        "null",
        r#""""#,
        r#""2026-01-01""#,
        r#""2026-13-01T00:00:00Z""#,
        r#""2026-01-01T00:00:00""#,
    ] {
        assert!(serde_json::from_str::<Timestamp>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn system_times_there_and_back() {
    assert_eq!(
        Timestamp::from(UNIX_EPOCH - Duration::from_secs(5)).unix_seconds(),
        -5
    );
    assert_eq!(
        SystemTime::from(Timestamp::from_unix_millis(-5000)),
        UNIX_EPOCH - Duration::from_secs(5)
    );
    // Whatever the platform can do, it does not panic.
    let _ = (SystemTime::from(FIRST), SystemTime::from(LAST));
}

#[test]
fn the_machines_clock_goes_forward() {
    let clock = SystemClock::shared();
    let (first, second) = (clock.monotonic(), clock.monotonic());
    assert!(first <= second);
    assert!(clock.now() > Timestamp::from_unix_seconds(1_700_000_000));
}

proptest! {
    #[test]
    fn whole_seconds_survive_writing(seconds in 0..253_402_300_799_i64) {
        let moment = Timestamp::from_unix_seconds(seconds);
        prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
    }

    #[test]
    fn nothing_overflows(millis in any::<i64>(), seconds in any::<u64>(), nanos in 0..1_000_000_000_u32) {
        let (moment, step) = (Timestamp::from_unix_millis(millis), Duration::new(seconds, nanos));
        prop_assert!(moment.saturating_add(step) >= moment);
        prop_assert!(moment.saturating_sub(step) <= moment);
        let _ = (moment.to_string(), SystemTime::from(moment), moment.unix_seconds());
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_panics(text in ".{0,40}", digits in "[0-9T:Z.+-]{19,36}") {
        let _ = (text.parse::<Timestamp>(), digits.parse::<Timestamp>());
    }
}
