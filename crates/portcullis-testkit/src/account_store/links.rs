use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{EmailAddress, Link, LinkPurpose, UserRef};

use super::rows::{HOUR, at, link, linked, taken};
use super::{Nodes, rows};

super::cases![
    a_link_is_found_again,
    a_link_needs_its_owner,
    a_link_is_there_once,
    a_new_one_replaces_earlier_ones,
    a_link_is_taken_once,
    only_the_right_one_is_taken,
    what_has_ended_is_not_taken,
    links_are_dropped_by_purpose,
];

async fn find(nodes: &Nodes, link: &Link) -> Option<Link> {
    nodes.b.link(link.id).await.expect("a store answers")
}

#[track_caller]
fn assert_same(found: Option<Link>, wanted: &Link, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    assert_eq!(found.digest, wanted.digest, "{rule}: digest");
    assert_eq!(
        found.email.as_str(),
        wanted.email.as_str(),
        "{rule}: address"
    );
    assert_eq!(found.email.key(), wanted.email.key(), "{rule}: key");
    let times = |link: &Link| (link.created_at, link.expires_at);
    assert_eq!(times(&found), times(wanted), "{rule}: times");
    assert_eq!(found, *wanted, "{rule}");
}

/// A link for each purpose.
fn one_of_each(owner: &UserRef) -> Vec<Link> {
    LinkPurpose::ALL
        .map(|purpose| link(owner, purpose))
        .to_vec()
}

async fn insert(nodes: &Nodes, links: &[Link]) {
    let changes: Vec<_> = links.iter().map(linked).collect();
    nodes.commit(&changes).await;
}

async fn a_link_is_found_again(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut links = one_of_each(&alice);
    links[0].digest = [0xff; 32];
    links[1].digest = [0; 32];
    links[2].email = EmailAddress::from_parts("Ålice+Tag@Example.com", "ålice+tag@example.com");
    insert(&nodes, &links).await;
    for wanted in &links {
        for _ in 0..2 {
            let found = find(&nodes, wanted).await;
            assert_same(
                found,
                wanted,
                "a link is found as it was put in, and not used up by it",
            );
        }
    }
    let unknown = link(&alice, LinkPurpose::Unlock);
    assert_eq!(find(&nodes, &unknown).await, None, "an unknown id is none");
}

async fn a_link_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let orphan = link(&owner, LinkPurpose::ResetPassword);
        let refused = nodes.refusal(linked(&orphan)).await;
        assert_eq!(refused, Conflict::NotFound, "a link's owner must be there");
        assert_eq!(find(&nodes, &orphan).await, None, "nothing is left of it");
    }
}

async fn a_link_is_there_once(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let first = link(&alice.reference(), LinkPurpose::Unlock);
    let second = Link {
        id: first.id,
        ..link(&bob.reference(), LinkPurpose::ResetPassword)
    };
    insert(&nodes, std::slice::from_ref(&first)).await;
    nodes.assert_taken(linked(&second), "a link's id").await;
    assert_same(
        find(&nodes, &first).await,
        &first,
        "the first stays as it is",
    );
}

/// AC-V3, AC-Z2.
async fn a_new_one_replaces_earlier_ones(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, theirs) = (
        one_of_each(&alice.reference()),
        one_of_each(&bob.reference()),
    );
    insert(&nodes, &own).await;
    insert(&nodes, &theirs).await;
    let new = link(&alice.reference(), LinkPurpose::ResetPassword);

    let fails = Change::DeleteUser(rows::stranger());
    nodes.conflict(&[linked(&new), fails]).await;
    for link in &own {
        assert_same(
            find(&nodes, link).await,
            link,
            "what is not made replaces nothing",
        );
    }
    insert(&nodes, std::slice::from_ref(&new)).await;
    for link in &own {
        let is_replaced = link.purpose == LinkPurpose::ResetPassword;
        let is_there = find(&nodes, link).await.is_some();
        assert_eq!(
            is_there, !is_replaced,
            "a new link replaces the earlier ones of its purpose, and no other"
        );
    }
    for link in theirs.iter().chain([&new]) {
        assert_same(find(&nodes, link).await, link, "another user's links stay");
    }
    let gone = own
        .iter()
        .find(|link| link.purpose == LinkPurpose::ResetPassword);
    let gone = gone.expect("there is one of each");
    let refused = nodes.refusal(taken(gone, 20)).await;
    assert_eq!(
        refused,
        Conflict::NotFound,
        "a link that was replaced is not there"
    );
}

/// AC-V4, AC-Z1.
async fn a_link_is_taken_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let links = one_of_each(&alice);
    insert(&nodes, &links).await;
    for link in &links {
        let twice = [taken(link, 20), taken(link, 20)];
        assert_eq!(
            nodes.conflict(&twice).await,
            (1, Conflict::NotFound),
            "a link is good for once"
        );
        assert_same(
            find(&nodes, link).await,
            link,
            "what was not committed used nothing up",
        );
        nodes.commit(&twice[..1]).await;
        assert_eq!(
            find(&nodes, link).await,
            None,
            "a link that was used is gone"
        );
        let refused = nodes.refusal(taken(link, 20)).await;
        assert_eq!(refused, Conflict::NotFound, "a link is good for once");
    }
}

async fn only_the_right_one_is_taken(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let links = one_of_each(&alice);
    insert(&nodes, &links).await;
    let link = &links[1];
    let mut last_bit = link.digest;
    last_bit[31] ^= 1;
    let others = LinkPurpose::ALL
        .into_iter()
        .filter(|other| *other != link.purpose);
    let wrong_purpose = others.map(|purpose| Link {
        purpose,
        ..link.clone()
    });
    let wrong_digest = [last_bit, [0; 32], links[2].digest].map(|digest| Link {
        digest,
        ..link.clone()
    });
    for wrong in wrong_purpose.chain(wrong_digest) {
        let refused = nodes.refusal(taken(&wrong, 20)).await;
        let rule = "a link is taken by its id with its digest for its purpose, or not at all";
        assert_eq!(refused, Conflict::NotFound, "{rule}");
        assert_same(
            find(&nodes, link).await,
            link,
            "a wrong try uses nothing up",
        );
    }
}

async fn what_has_ended_is_not_taken(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let link = link(&alice, LinkPurpose::ResetPassword);
    insert(&nodes, std::slice::from_ref(&link)).await;
    let end = 10 + HOUR;
    assert_eq!(link.expires_at, at(end));
    for second in [end, end + 1, end + 1000 * HOUR] {
        let refused = nodes.refusal(taken(&link, second)).await;
        assert_eq!(
            refused,
            Conflict::NotFound,
            "past its end it is good for nothing"
        );
    }
    assert_same(
        find(&nodes, &link).await,
        &link,
        "it is found past its end as well",
    );
    nodes.commit(&[taken(&link, end - 1)]).await;
}

async fn links_are_dropped_by_purpose(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (own, theirs) = (
        one_of_each(&alice.reference()),
        one_of_each(&bob.reference()),
    );
    insert(&nodes, &own).await;
    insert(&nodes, &theirs).await;
    let dropped = [LinkPurpose::ResetPassword, LinkPurpose::UndoEmail];
    let drop = |purposes: &[LinkPurpose]| Change::DropLinks {
        owner: alice.reference(),
        purposes: purposes.to_vec(),
    };
    nodes.commit(&[drop(&[])]).await;
    nodes.commit(&[drop(&dropped), drop(&dropped)]).await;
    for link in &own {
        let is_there = find(&nodes, link).await.is_some();
        assert_eq!(
            is_there,
            !dropped.contains(&link.purpose),
            "links go by purpose: {:?}",
            link.purpose
        );
    }
    nodes.commit(&[drop(&LinkPurpose::ALL)]).await;
    for link in &own {
        assert_eq!(find(&nodes, link).await, None, "all purposes, all links");
    }
    for link in &theirs {
        assert_same(find(&nodes, link).await, link, "another user's links stay");
    }
    let nobody = Change::DropLinks {
        owner: rows::stranger(),
        purposes: LinkPurpose::ALL.to_vec(),
    };
    nodes.commit(&[nobody]).await;
}
