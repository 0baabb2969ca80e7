//! AC-B4 and AC-B9: every requirement, alone and combined, with the exact refusal.

use std::time::Duration;

use portcullis_core::{
    AuthUser, Denial, Policy, SchemeName, all_of, any_of, authenticated, custom, fresh, mfa,
    permission, role, scheme, scope, verified,
};
use proptest::prelude::*;

use crate::common::{NewYear, jwt_user};

const TEN_MINUTES: Duration = Duration::from_secs(600);

fn recent() -> Policy {
    fresh(TEN_MINUTES).with_clock(&NewYear::shared())
}

/// Status, code, and the challenges, which a guard completes where a 401 has none.
fn refusal(user: &AuthUser, policy: &Policy) -> (u16, String, Vec<String>) {
    let denial: Denial = user.require(policy).unwrap_err();
    let challenges = denial.challenges().iter();
    (
        denial.status().as_u16(),
        denial.code().to_owned(),
        challenges
            .map(|challenge| challenge.to_str().unwrap().to_owned())
            .collect(),
    )
}

#[track_caller]
fn refuses(user: &AuthUser, policy: &Policy, status: u16, code: &str, challenges: &[&str]) {
    let challenges: Vec<String> = challenges.iter().map(ToString::to_string).collect();
    assert_eq!(
        refusal(user, policy),
        (status, code.to_owned(), challenges),
        "{policy}"
    );
}

#[track_caller]
fn permits(user: &AuthUser, policy: &Policy) {
    assert!(user.require(policy).is_ok(), "{policy}");
    assert!(policy.is_satisfied_by(user), "{policy}");
}

#[test]
fn ac_b9_authenticated() {
    permits(&jwt_user().build(), &authenticated());
}

#[test]
fn ac_b9_role() {
    let admin = jwt_user().roles(["admin"]).build();
    permits(&admin, &role("admin"));
    refuses(&admin, &role("Admin"), 403, "forbidden", &[]);
    refuses(&admin, &role("user"), 403, "forbidden", &[]);
    refuses(&admin, &role(""), 403, "forbidden", &[]);
    refuses(&admin, &role("*"), 403, "forbidden", &[]);
}

#[test]
fn ac_b9_scope_speaks_of_the_credential_alone() {
    let insufficient = r#"Bearer error="insufficient_scope", scope="write""#;
    permits(&jwt_user().build(), &scope("write"));
    let reader = jwt_user()
        .roles(["admin"])
        .scopes(Some("read".parse().unwrap()))
        .build();
    permits(&reader, &scope("read"));
    refuses(
        &reader,
        &scope("write"),
        403,
        "insufficient_scope",
        &[insufficient],
    );
    let nothing = jwt_user()
        .roles(["admin"])
        .scopes(Some("".parse().unwrap()))
        .build();
    refuses(
        &nothing,
        &scope("write"),
        403,
        "insufficient_scope",
        &[insufficient],
    );
}

#[test]
fn ac_b9_permission_blames_the_scope_only_where_it_is_at_fault() {
    let insufficient = r#"Bearer error="insufficient_scope", scope="write""#;
    let user = |scopes: Option<&str>, role: &'static str| {
        let scopes = scopes.map(|scopes| scopes.parse().unwrap());
        jwt_user().roles([role]).scopes(scopes).build()
    };
    permits(&user(None, "user"), &permission("write"));
    permits(&user(Some("write"), "user"), &permission("write"));
    refuses(
        &user(Some("read"), "user"),
        &permission("write"),
        403,
        "insufficient_scope",
        &[insufficient],
    );
    refuses(
        &user(None, "guest"),
        &permission("write"),
        403,
        "forbidden",
        &[],
    );
    refuses(
        &user(Some("write"), "guest"),
        &permission("write"),
        403,
        "forbidden",
        &[],
    );
    // Another scope would not help who lacks the permission itself.
    refuses(
        &user(Some("read"), "guest"),
        &permission("write"),
        403,
        "forbidden",
        &[],
    );
}

#[test]
fn ac_b9_a_scope_from_a_stranger_cannot_break_out_of_its_quotes() {
    let nobody = jwt_user()
        .roles(["admin"])
        .scopes(Some("x".parse().unwrap()))
        .build();
    for name in [
        r#"a", realm="evil"#,
        "a\\",
        "a b",
        "ä",
        "a\r\nset-cookie: x=y",
    ] {
        let bare = [r#"Bearer error="insufficient_scope""#];
        refuses(&nobody, &scope(name), 403, "insufficient_scope", &bare);
        refuses(&nobody, &permission(name), 403, "insufficient_scope", &bare);
    }
}

#[test]
fn ac_m3_ac_b9_fresh() {
    let again = r#"Bearer error="insufficient_user_authentication", max_age=600"#;
    let seconds_ago = |seconds: u64| {
        let at = NewYear::NOW.saturating_sub(Duration::from_secs(seconds));
        jwt_user().authenticated_at(at).build()
    };
    permits(&seconds_ago(0), &recent());
    permits(&seconds_ago(600), &recent());
    refuses(
        &seconds_ago(601),
        &recent(),
        401,
        "reauthentication_required",
        &[again],
    );
    // Who never proved anything, such as a key, is not fresh.
    refuses(
        &jwt_user().build(),
        &recent(),
        401,
        "reauthentication_required",
        &[again],
    );

    let ahead = |seconds| {
        let at = NewYear::NOW.saturating_add(Duration::from_secs(seconds));
        jwt_user().authenticated_at(at).build()
    };
    permits(&ahead(60), &recent());
    refuses(
        &ahead(61),
        &recent(),
        401,
        "reauthentication_required",
        &[again],
    );
    let absurd = jwt_user()
        .authenticated_at(portcullis_core::Timestamp::from_unix_millis(i64::MAX))
        .build();
    refuses(
        &absurd,
        &recent(),
        401,
        "reauthentication_required",
        &[again],
    );
}

#[test]
fn ac_b9_the_clock_reaches_every_corner_of_a_policy() {
    let user = jwt_user().authenticated_at(NewYear::NOW).build();
    let stale = jwt_user()
        .authenticated_at(NewYear::NOW.saturating_sub(TEN_MINUTES * 2))
        .build();
    let nested = all_of([any_of([fresh(TEN_MINUTES)]), fresh(TEN_MINUTES).not().not()]);
    let nested = nested.with_clock(&NewYear::shared());
    permits(&user, &nested);
    assert!(!nested.is_satisfied_by(&stale));
}

#[test]
fn ac_b9_mfa() {
    for methods in [
        &["mfa"][..],
        &["pwd", "otp"],
        &["password", "totp"],
        &["pin", "hwk"],
        &["pwd", "recovery"],
        &["face", "sc"],
    ] {
        permits(&jwt_user().amr(methods.iter().copied()).build(), &mfa());
    }
    for methods in [
        &[][..],
        &["pwd"],
        &["pwd", "pin"],
        &["otp", "sms"],
        &["oauth"],
        &["MFA"],
        &["pwd", "PWD", "x"],
        &["m", "f", "a"],
    ] {
        let user = jwt_user().amr(methods.iter().copied()).build();
        refuses(&user, &mfa(), 403, "mfa_required", &[]);
    }
}

#[test]
fn ac_b9_verified() {
    permits(
        &jwt_user().email("a@example.com", true).build(),
        &verified(),
    );
    refuses(
        &jwt_user().email("a@example.com", false).build(),
        &verified(),
        403,
        "email_not_verified",
        &[],
    );
    refuses(
        &jwt_user().build(),
        &verified(),
        403,
        "email_not_verified",
        &[],
    );
}

#[test]
fn ac_k4_scheme() {
    permits(&jwt_user().build(), &scheme("jwt"));
    permits(&jwt_user().build(), &scheme(SchemeName::JWT));
    refuses(
        &jwt_user().build(),
        &scheme(SchemeName::SESSION),
        403,
        "scheme_not_allowed",
        &[],
    );
    refuses(
        &jwt_user().build(),
        &scheme("JWT"),
        403,
        "scheme_not_allowed",
        &[],
    );
}

#[test]
fn ac_b9_custom_and_not() {
    let even = custom("even", |user| user.id().len() % 2 == 0);
    let user = jwt_user().build();
    refuses(&user, &even, 403, "forbidden", &[]);
    permits(&user, &even.clone().not());
    refuses(&user, &authenticated().not(), 403, "forbidden", &[]);
    refuses(&user, &recent().not().not(), 403, "forbidden", &[]);
}

#[test]
fn ac_b4_an_empty_list_denies() {
    let admin = jwt_user().roles(["admin"]).build();
    for empty in [
        all_of([]),
        any_of([]),
        all_of([all_of([])]),
        any_of([all_of([])]),
        all_of([authenticated(), any_of([])]),
    ] {
        refuses(&admin, &empty, 403, "forbidden", &[]);
    }
    permits(&admin, &any_of([all_of([]), role("admin")]));
    permits(&admin, &all_of([]).not());
}

#[test]
fn ac_b9_the_refusal_is_that_of_the_first_thing_that_is_missing() {
    let user = jwt_user().roles(["user"]).build();
    let insufficient = "mfa_required";
    refuses(
        &user,
        &role("user").and(mfa()).and(verified()),
        403,
        insufficient,
        &[],
    );
    refuses(&user, &mfa().or(role("admin")), 403, insufficient, &[]);
    refuses(
        &user,
        &any_of([verified(), mfa()]),
        403,
        "email_not_verified",
        &[],
    );
    let again = r#"Bearer error="insufficient_user_authentication", max_age=600"#;
    refuses(
        &user,
        &role("user").and(recent()),
        401,
        "reauthentication_required",
        &[again],
    );
    permits(&user, &mfa().or(role("user")));
}

#[test]
fn a_policy_reads_like_a_sentence() {
    for (policy, text) in [
        (authenticated(), "authenticated"),
        (scope("write"), "scope write"),
        (
            role("admin").and(mfa().or(recent())),
            "role admin and (mfa or fresh 600s)",
        ),
        (
            role("a").or(role("b")).or(role("c")),
            "(role a or role b) or role c",
        ),
        (
            any_of([role("a"), role("b"), role("c")]),
            "role a or role b or role c",
        ),
        (role("a").and(verified()).not(), "not (role a and verified)"),
        (
            all_of([any_of([role("a"), role("b")])]).and(mfa()),
            "(role a or role b) and mfa",
        ),
        (permission("posts:write"), "permission posts:write"),
        (scheme("session").not(), "not scheme session"),
        (all_of([]), "nobody"),
        (any_of([]), "nobody"),
        (custom("office hours", |_| true), "office hours"),
    ] {
        assert_eq!(policy.to_string(), text);
        assert_eq!(format!("{policy:?}"), format!("Policy({text})"));
    }
}

#[test]
fn a_policy_is_data() {
    let policy = all_of([
        role("admin").or(permission("posts:write")),
        recent(),
        mfa(),
        verified(),
        scheme("jwt"),
        authenticated(),
        scope("write").not(),
        custom("office hours", |_| true),
    ]);
    assert_eq!(
        serde_json::to_string(&policy).unwrap(),
        concat!(
            r#"{"allOf":[{"anyOf":[{"role":"admin"},{"permission":"posts:write"}]},{"fresh":600},{"mfa":true},"#,
            r#"{"verified":true},{"scheme":"jwt"},{"authenticated":true},{"not":{"scope":"write"}},{"custom":"office hours"}]}"#
        )
    );
}

#[test]
fn the_scopes_for_openapi_are_listed_once_and_not_those_that_are_excluded() {
    let policy = all_of([
        scope("write"),
        any_of([permission("posts:write"), scope("write"), role("admin")]),
        scope("banned").not(),
        scope("read"),
    ]);
    assert_eq!(policy.scopes(), ["write", "posts:write", "read"]);
    assert!(mfa().scopes().is_empty());
}

/// A policy as a tree of our own, and what it should come to.
#[derive(Debug, Clone)]
enum Tree {
    Yes,
    No,
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
}

impl Tree {
    fn policy(&self) -> Policy {
        match self {
            Self::Yes => authenticated(),
            Self::No => role("nobody has it"),
            Self::All(trees) => all_of(trees.iter().map(Self::policy)),
            Self::Any(trees) => any_of(trees.iter().map(Self::policy)),
            Self::Not(tree) => tree.policy().not(),
        }
    }

    fn value(&self) -> bool {
        match self {
            Self::Yes => true,
            Self::No => false,
            Self::All(trees) => !trees.is_empty() && trees.iter().all(Self::value),
            Self::Any(trees) => trees.iter().any(Self::value),
            Self::Not(tree) => !tree.value(),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::Yes), Just(Tree::No)];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            list().prop_map(Tree::All),
            list().prop_map(Tree::Any),
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
        ]
    })
}

proptest! {
    #[test]
    fn ac_b4_combinations_mean_what_they_say(tree in tree()) {
        let (policy, user) = (tree.policy(), jwt_user().build());
        prop_assert_eq!(policy.is_satisfied_by(&user), tree.value());
        match user.require(&policy) {
            Ok(()) => prop_assert!(tree.value()),
            Err(denial) => prop_assert_eq!(denial.status().as_u16(), 403),
        }
    }
}
