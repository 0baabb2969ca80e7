use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Identity, UserRef};

use super::bytes::ALIKE;
use super::rows::{at, identity, linked_identity, unlinked};
use super::{Nodes, rows};

super::cases![
    an_identity_is_found_again,
    an_identity_needs_its_owner,
    a_subject_is_one_account,
    an_id_is_given_once,
    subjects_are_told_apart,
    a_use_is_noted,
    only_ones_own_is_used,
    the_oldest_comes_first,
    an_identity_goes,
    all_of_a_user_go,
];

/// By what it is told.
pub(super) async fn find(nodes: &Nodes, identity: &Identity) -> Option<Identity> {
    let collection = &identity.owner.collection;
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    let found = nodes.b.identity(collection, issuer, subject).await;
    found.expect("a store answers")
}

pub(super) async fn list(nodes: &Nodes, owner: &UserRef) -> Vec<Identity> {
    nodes.b.identities(owner).await.expect("a store answers")
}

#[track_caller]
fn assert_same(found: Option<Identity>, wanted: &Identity, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    assert_eq!(found.subject, wanted.subject, "{rule}: subject");
    assert_eq!(found.email, wanted.email, "{rule}: address");
    assert_eq!(found.sealed_tokens, wanted.sealed_tokens, "{rule}: tokens");
    let times = |one: &Identity| (one.created_at, one.last_used_at);
    assert_eq!(times(&found), times(wanted), "{rule}: times");
    assert_eq!(found, *wanted, "{rule}");
}

async fn insert(nodes: &Nodes, identities: &[Identity]) {
    let changes: Vec<_> = identities.iter().map(linked_identity).collect();
    nodes.commit(&changes).await;
}

/// An identity with something in every field.
fn full(owner: &UserRef) -> Identity {
    Identity {
        provider: String::from("Ålices 'own' \\ %_;--"),
        subject: String::from("auth0|5f7c8ec7\u{1f510}"),
        email: Some(String::from("Ålice+Tag@Example.com")),
        sealed_tokens: Some((0..=255).collect()),
        last_used_at: Some(at(77)),
        ..identity(owner)
    }
}

async fn an_identity_is_found_again(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let empty = Identity {
        issuer: String::new(),
        subject: String::new(),
        email: Some(String::new()),
        sealed_tokens: Some(Vec::new()),
        ..identity(&alice)
    };
    let identities = [full(&alice), identity(&alice), empty];
    insert(&nodes, &identities).await;
    for wanted in &identities {
        let rule = "an identity is found as it was put in";
        assert_same(find(&nodes, wanted).await, wanted, rule);
        let listed = list(&nodes, &alice).await;
        assert!(listed.contains(wanted), "{rule}: in its owner's list");
    }
    let absent = [identity(&alice), identity(&rows::namesake(&alice))];
    for unknown in absent {
        let found = find(&nodes, &unknown).await;
        assert_eq!(found, None, "an unknown subject is nobody");
    }
    let namesake = list(&nodes, &rows::namesake(&alice)).await;
    assert!(namesake.is_empty(), "an identity is one user's");
}

async fn an_identity_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let orphan = identity(&owner);
        let refused = nodes.refusal(linked_identity(&orphan)).await;
        let rule = "an identity's owner must be there";
        assert_eq!(refused, Conflict::NotFound, "{rule}");
        assert_eq!(find(&nodes, &orphan).await, None, "{rule}");
    }
}

/// AC-A5.
async fn a_subject_is_one_account(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let carol = nodes.user_in("customers", "carol").await.reference();
    let (alice, bob) = (alice.reference(), bob.reference());
    let first = full(&alice);
    insert(&nodes, std::slice::from_ref(&first)).await;
    let same = |owner: &UserRef| Identity {
        subject: first.subject.clone(),
        ..identity(owner)
    };
    let other_name = Identity {
        provider: String::from("another"),
        ..same(&bob)
    };
    let rule = "issuer and subject are one account of a collection";
    for second in [same(&alice), same(&bob), other_name, first.clone()] {
        let refused = nodes.refusal(linked_identity(&second)).await;
        assert_eq!(refused, Conflict::IdentityTaken, "{rule}");
        assert_same(find(&nodes, &first).await, &first, rule);
    }
    assert!(list(&nodes, &bob).await.is_empty(), "nobody else gets it");
    let orphan = nodes
        .refusal(linked_identity(&same(&rows::stranger())))
        .await;
    assert_eq!(orphan, Conflict::NotFound, "nobody is asked for first");

    let elsewhere = [
        same(&carol),
        Identity {
            issuer: String::from("https://login.example.com"),
            ..same(&bob)
        },
    ];
    insert(&nodes, &elsewhere).await;
    for identity in &elsewhere {
        let rule = "another collection or issuer has subjects of its own";
        assert_same(find(&nodes, identity).await, identity, rule);
    }
    let (one, other) = (identity(&alice), identity(&bob));
    let other = Identity {
        subject: one.subject.clone(),
        ..other
    };
    let both = [linked_identity(&one), linked_identity(&other)];
    let refused = nodes.conflict(&both).await;
    let rule = "a change sees those before it";
    assert_eq!(refused, (1, Conflict::IdentityTaken), "{rule}");
    assert_eq!(find(&nodes, &one).await, None, "nothing is left of either");
}

async fn an_id_is_given_once(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let first = identity(&alice.reference());
    insert(&nodes, std::slice::from_ref(&first)).await;
    for owner in [alice.reference(), bob.reference()] {
        let second = Identity {
            id: first.id,
            ..identity(&owner)
        };
        let change = linked_identity(&second);
        nodes.assert_taken(change, "an identity's id").await;
        assert_eq!(find(&nodes, &second).await, None, "nothing is left of it");
    }
    let rule = "the first stays as it is";
    assert_same(find(&nodes, &first).await, &first, rule);
}

async fn subjects_are_told_apart(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let by_subject = ALIKE.map(|subject| Identity {
        subject: subject.to_owned(),
        ..identity(&alice)
    });
    let by_issuer = ALIKE.map(|issuer| Identity {
        issuer: issuer.to_owned(),
        subject: String::from("1"),
        ..identity(&alice)
    });
    let all = [by_subject, by_issuer].concat();
    let rule = "two that differ in a byte are two";
    for identity in &all {
        let made = nodes.try_commit(&[linked_identity(identity)]).await;
        assert!(made.is_ok(), "{rule}: {:?}: {made:?}", identity.subject);
    }
    for identity in &all {
        assert_same(find(&nodes, identity).await, identity, rule);
    }
    for absent in ["resumE", "RÉSUMÉ", "resum", "%", "r%e", "ｒesume"] {
        let absent = Identity {
            subject: absent.to_owned(),
            ..identity(&alice)
        };
        let found = find(&nodes, &absent).await;
        assert_eq!(found, None, "a subject is found byte by byte");
    }
}

fn used(identity: &Identity) -> Change {
    Change::UseIdentity {
        owner: identity.owner.clone(),
        id: identity.id,
        at: at(500),
        email: Some(String::from("Alice@example.com")),
        sealed_tokens: Some(vec![0, 0xff]),
    }
}

async fn a_use_is_noted(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (mut now, other) = (identity(&alice), full(&alice));
    insert(&nodes, &[now.clone(), other.clone()]).await;
    nodes.commit(&[used(&now)]).await;
    now.last_used_at = Some(at(500));
    now.email = Some(String::from("Alice@example.com"));
    now.sealed_tokens = Some(vec![0, 0xff]);
    let rule = "a use says when, by which address, with which tokens";
    assert_same(find(&nodes, &now).await, &now, rule);
    let emptied = Change::UseIdentity {
        owner: alice,
        id: now.id,
        at: at(400),
        email: None,
        sealed_tokens: None,
    };
    nodes.commit(&[emptied]).await;
    now.last_used_at = Some(at(400));
    (now.email, now.sealed_tokens) = (None, None);
    assert_same(find(&nodes, &now).await, &now, "and that there is none");
    let rule = "no other identity is changed";
    assert_same(find(&nodes, &other).await, &other, rule);
}

/// All that names the identity, and not its owner; and an id that is none.
fn not_own(identity: &Identity, other: &UserRef) -> Vec<Identity> {
    let of = |owner: &UserRef| Identity {
        owner: owner.clone(),
        ..identity.clone()
    };
    vec![
        of(other),
        of(&rows::namesake(&identity.owner)),
        of(&rows::stranger()),
        rows::identity(&identity.owner),
    ]
}

async fn only_ones_own_is_used(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let own = identity(&alice.reference());
    insert(&nodes, std::slice::from_ref(&own)).await;
    for wrong in not_own(&own, &bob.reference()) {
        for change in [used(&wrong), unlinked(&wrong)] {
            let refused = nodes.refusal(change).await;
            let rule = "an identity is its owner's to use and to unlink";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
    }
    assert_same(find(&nodes, &own).await, &own, "it stays as it is");
}

async fn the_oldest_comes_first(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let at_second = |second: i64| Identity {
        created_at: at(second),
        ..identity(&alice)
    };
    let identities = [30, 10, 20, 10, 30].map(at_second);
    let mut shuffled = identities.to_vec();
    shuffled.reverse();
    insert(&nodes, &shuffled).await;
    let mut wanted = identities.to_vec();
    wanted.sort_by_key(|identity| (identity.created_at, identity.id));
    let rule = "the oldest comes first, and of two the lower id";
    assert_eq!(list(&nodes, &alice).await, wanted, "{rule}");
}

async fn an_identity_goes(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, other) = (identity(&alice.reference()), full(&alice.reference()));
    insert(&nodes, &[own.clone(), other.clone()]).await;
    let twice = [unlinked(&own), unlinked(&own)];
    let refused = nodes.conflict(&twice).await;
    assert_eq!(refused, (1, Conflict::NotFound), "an identity goes once");
    assert_same(find(&nodes, &own).await, &own, "nothing was changed");
    nodes.commit(&twice[..1]).await;
    assert_eq!(find(&nodes, &own).await, None, "it is gone");
    let left = list(&nodes, &alice.reference()).await;
    assert_eq!(left, [other], "and no other");
    let again = Identity {
        subject: own.subject,
        ..identity(&bob.reference())
    };
    insert(&nodes, std::slice::from_ref(&again)).await;
    let rule = "its subject is free for anybody";
    assert_same(find(&nodes, &again).await, &again, rule);
}

async fn all_of_a_user_go(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, others) = (
        [identity(&alice.reference()), full(&alice.reference())],
        identity(&bob.reference()),
    );
    insert(&nodes, &own).await;
    insert(&nodes, std::slice::from_ref(&others)).await;
    let gone = |owner: UserRef| Change::DeleteIdentities { owner };
    let nobody = [rows::stranger(), rows::namesake(&alice.reference())].map(gone);
    nodes.commit(&nobody).await;
    let now = list(&nodes, &alice.reference()).await;
    assert_eq!(now.len(), 2, "none is no conflict, and another's stay");
    let twice = [gone(alice.reference()), gone(alice.reference())];
    nodes.commit(&twice).await;
    let now = list(&nodes, &alice.reference()).await;
    assert!(now.is_empty(), "all of them go");
    assert_same(find(&nodes, &others).await, &others, "others' stay");
    insert(&nodes, &own).await;
}
