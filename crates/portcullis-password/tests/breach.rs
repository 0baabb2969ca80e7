//! AC-H9: breached passwords over the range protocol, from a file and from memory.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use portcullis_password::{
    BreachOutcome, BreachedFile, BreachedList, BreachedPasswords, BreachedRanges, Password,
    RangeRequest, RangeUnavailable,
};
use sha1::{Digest as _, Sha1};
use tempfile::NamedTempFile;

const NOT_FOUND: BreachOutcome = BreachOutcome::NotFound;
const UNKNOWN: BreachOutcome = BreachOutcome::Unknown;

fn seen(times: u64) -> BreachOutcome {
    BreachOutcome::Breached { times }
}

fn sha1_hex(text: &str) -> String {
    Sha1::digest(text)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

async fn check(checker: &dyn BreachedPasswords, text: &str) -> BreachOutcome {
    checker.check(&Password::new(text).unwrap()).await
}

fn answering(body: impl Into<String>) -> BreachedRanges {
    let body = body.into();
    BreachedRanges::new(move |_: RangeRequest| std::future::ready(Ok(body.clone())))
}

/// SHA-1 of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

#[tokio::test]
async fn ac_h9_only_five_digits_of_the_digest_leave_the_application() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let ranges = BreachedRanges::new(move |request: RangeRequest| {
        log.lock().unwrap().push(request);
        std::future::ready(Ok(format!("{OTHER}:1\r\n{SUFFIX}:42\r\n")))
    });
    assert_eq!(check(&ranges, "password").await, seen(42));
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].prefix(), requests[0].path().as_str()),
        ("5BAA6", "/range/5BAA6")
    );
    assert_eq!(RangeRequest::PADDING_HEADER, ("Add-Padding", "true"));
    assert!(!format!("{:?} {ranges:?}", requests[0]).contains(SUFFIX));
}

#[tokio::test]
async fn ac_h9_answers_are_read_as_the_protocol_has_them() {
    for (body, expected) in [
        (format!("{SUFFIX}:42"), seen(42)),
        (format!("{}:42\n", SUFFIX.to_lowercase()), seen(42)),
        (format!("{OTHER}:7\r\n"), NOT_FOUND),
        (format!("{SUFFIX}:0\r\n{OTHER}:0\r\n"), NOT_FOUND), // padding
        (
            format!("{OTHER}:0\r\n\r\n{SUFFIX}:18446744073709551615\r\n"),
            seen(u64::MAX),
        ),
    ] {
        assert_eq!(
            check(&answering(body.clone()), "password").await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn ac_h9_an_answer_that_is_none_fails_open_and_says_so() {
    for body in [
        String::new(),
        "\r\n".to_owned(),
        "<html>Sign in to the network</html>".to_owned(),
        SUFFIX.to_owned(),
        format!("{SUFFIX}:"),
        format!("{SUFFIX}:-1"),
        format!("{SUFFIX}:99999999999999999999"),
        format!("{}:1", &SUFFIX[1..]),
        format!("5BAA6{SUFFIX}:1"),
        format!("{SUFFIX}:42\nnonsense"),
        format!("{OTHER}:1\r\n").repeat(30_000),
    ] {
        let outcome = check(&answering(body.clone()), "password").await;
        assert_eq!(outcome, UNKNOWN, "{}", &body[..body.len().min(60)]);
        assert!(outcome.is_unknown() && !outcome.is_breached());
    }
}

#[tokio::test]
async fn ac_h9_v5_0_0_6_2_12_a_source_that_is_down_fails_open_and_says_so() {
    let down =
        BreachedRanges::new(|_: RangeRequest| async { Err(RangeUnavailable::new("timed out")) });
    assert_eq!(check(&down, "password").await, UNKNOWN);
}

#[tokio::test]
async fn the_normalised_password_is_looked_up() {
    let body = format!("{SUFFIX}:42");
    assert_eq!(check(&answering(body), "ｐａｓｓｗｏｒｄ").await, seen(42));
    assert_eq!(
        check(
            &BreachedList::of_passwords(["password"]),
            "ｐａｓｓｗｏｒｄ"
        )
        .await,
        seen(1)
    );
}

#[tokio::test]
async fn a_list_in_memory_knows_what_it_was_given() {
    let digests = ["b", "a", "b"].map(|text| Sha1::digest(text).into());
    let list = BreachedList::of_digests(digests);
    assert_eq!(check(&list, "a").await, seen(1));
    assert_eq!(check(&list, "b").await, seen(1));
    assert_eq!(check(&list, "c").await, NOT_FOUND);
    assert_eq!(check(&BreachedList::default(), "a").await, NOT_FOUND);
}

fn sorted_lines(ending: &str, texts: impl Iterator<Item = (String, u64)>) -> String {
    let mut lines: Vec<_> = texts
        .map(|(text, times)| format!("{}:{times}{ending}", sha1_hex(&text)))
        .collect();
    lines.sort();
    lines.concat()
}

fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn a_sorted_file_knows_every_line_and_nothing_else() {
    for (ending, count) in [("\n", 1000_u64), ("\r\n", 1000), ("\n", 1), ("\r\n", 2)] {
        let lines = sorted_lines(
            ending,
            (1..=count).map(|number| (format!("password {number}"), number)),
        );
        for content in [lines.as_str(), lines.trim_end()] {
            let file = file(content);
            let breached = BreachedFile::open(file.path()).unwrap();
            for number in 1..=count {
                assert_eq!(
                    check(&breached, &format!("password {number}")).await,
                    seen(number)
                );
            }
            for number in 0..100 {
                assert_eq!(
                    check(&breached, &format!("other {number}")).await,
                    NOT_FOUND
                );
            }
        }
    }
}

#[tokio::test]
async fn an_empty_file_knows_nothing() {
    let file = file("");
    let breached = BreachedFile::open(file.path()).unwrap();
    assert_eq!(check(&breached, "password").await, NOT_FOUND);
}

#[test]
fn a_file_that_is_no_such_list_is_refused_when_opened() {
    for content in [
        "password\n",
        "\n",
        "123:456\n",
        &"x".repeat(10_000),
        "{\"passwords\": []}",
    ] {
        assert!(
            BreachedFile::open(file(content).path()).is_err(),
            "{}",
            &content[..content.len().min(40)]
        );
    }
    assert!(BreachedFile::open("/no/such/file").is_err());
}

#[tokio::test]
async fn a_file_that_breaks_off_inside_fails_open_and_says_so() {
    let good = sorted_lines("\n", (0..100).map(|number| (number.to_string(), 1)));
    let broken = format!("{}{}", &good[..43 * 50], "garbage ".repeat(400));
    let file = file(&broken);
    let breached = BreachedFile::open(file.path()).unwrap();
    let mut unknown = 0;
    for number in 0..100 {
        let outcome = check(&breached, &number.to_string()).await;
        assert_ne!(outcome, seen(2));
        unknown += u32::from(outcome == UNKNOWN);
    }
    assert!(unknown > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_look_ups_at_once_are_all_answered() {
    let lines = sorted_lines("\n", (0..100).map(|number| (number.to_string(), 5)));
    let file = file(&lines);
    let breached = Arc::new(BreachedFile::open(file.path()).unwrap());
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let breached = Arc::clone(&breached);
            tokio::spawn(async move { check(&*breached, &number.to_string()).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), seen(5));
    }
}
