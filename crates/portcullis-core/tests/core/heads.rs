//! Requests that are looked at where they stand, and taken apart only for schemes that must see their parts.

use std::sync::{Arc, Mutex};

use http::request::Parts;
use http::{HeaderValue, StatusCode};
use portcullis_core::{
    Attempt, AuthUser, AuthnLayer, CredentialPlace, Head, Presence, Scheme, SchemeName,
};

use crate::common::{request, through};

/// Notes how it was asked, and finds whoever the header of its own name says.
#[derive(Debug)]
struct Noting {
    name: &'static str,
    sees_heads: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Noting {
    fn note(&self, how: &str) {
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {how}", self.name));
    }

    fn find(&self, head: Head<'_>) -> Attempt {
        match head.headers().get(self.name) {
            None => Attempt::Absent,
            Some(id) => {
                let id = String::from_utf8_lossy(id.as_bytes());
                let name = SchemeName::new(self.name);
                Attempt::Ready(Ok(AuthUser::builder(name, &*id).build()))
            }
        }
    }
}

impl Scheme for Noting {
    fn name(&self) -> SchemeName {
        SchemeName::new(self.name)
    }

    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    fn presence(&self, _: &Parts) -> Presence {
        Presence::InTurn
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.note("parts");
        self.find(request.into())
    }

    fn presence_of_head(&self, _: Head<'_>) -> Option<Presence> {
        // That of a scheme that is not asked by heads can be known by them all the same.
        Some(Presence::InTurn)
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        self.sees_heads.then(|| {
            self.note("head");
            self.find(head)
        })
    }
}

/// Who is found, and who was asked how, by schemes named `a`, `b` …, each of which sees heads or not.
async fn asked(see_heads: &[bool], headers: &[(&'static str, &str)]) -> (String, Vec<String>) {
    let asked = Arc::default();
    let mut layer = AuthnLayer::new();
    for (name, sees_heads) in ["a", "b", "c"].into_iter().zip(see_heads) {
        layer = layer.scheme(Noting {
            name,
            sees_heads: *sees_heads,
            asked: Arc::clone(&asked),
        });
    }
    let answer = through(&layer, request(headers)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    (answer.body, asked)
}

#[tokio::test]
async fn ac_j10_no_scheme_is_asked_twice_and_none_is_left_out() {
    let (who, by) = asked(&[true, true, true], &[("c", "carol")]).await;
    assert_eq!(who, "c:carol");
    assert_eq!(by, ["a head", "b head", "c head"]);

    let (who, by) = asked(&[true, false, true], &[("c", "carol")]).await;
    assert_eq!(who, "c:carol");
    assert_eq!(by, ["a head", "b parts", "c parts"]);

    let (who, by) = asked(&[false, true], &[("a", "alice"), ("b", "bob")]).await;
    assert_eq!((who.as_str(), by), ("a:alice", vec!["a parts".to_owned()]));

    let (who, by) = asked(&[true, false], &[]).await;
    assert_eq!(who, "nobody");
    assert_eq!(by, ["a head", "b parts"]);
}

#[test]
fn a_head_says_the_same_whether_the_request_is_whole_or_apart() {
    for lines in [
        vec![],
        vec![("authorization", "Bearer abc")],
        vec![("authorization", "ApiKey abc")],
        vec![
            ("authorization", "Bearer abc"),
            ("authorization", "Bearer d"),
        ],
        vec![("authorization", "Bearer \u{e9}")],
    ] {
        let request = request(&lines);
        let told = |head: Head<'_>| {
            let token = head
                .authorization("Bearer")
                .map_err(|denial| denial.code().to_owned());
            let line = head.authorization_line().ok().flatten().cloned();
            let filled = CredentialPlace::Authorization("Bearer").is_filled(head);
            let (method, uri) = (head.method().clone(), head.uri().clone());
            (
                token.map(|token| token.map(str::to_owned)),
                line,
                filled,
                method,
                uri,
                head.version(),
            )
        };
        let whole = told(Head::from(&request));
        let (parts, _) = request.into_parts();
        assert_eq!(whole, told(Head::from(&parts)), "{lines:?}");
        assert_eq!(
            whole.0,
            portcullis_core::authorization(&parts.headers, "Bearer")
                .map(|token| token.map(str::to_owned))
                .map_err(|denial| denial.code().to_owned()),
        );
    }
}
