//! AC-O7: what stores have to do with recovery codes.

use std::future::Future;

use portcullis_accounts::store::Conflict;

use super::factors::codes_left;
use super::rows::{code, code_taken, codes_put};
use super::{Nodes, rows};

super::cases![
    codes_are_counted,
    codes_need_their_owner,
    new_ones_replace_all,
    a_code_is_taken_once,
    one_of_several_is_taken,
    only_ones_own_is_taken,
];

async fn codes_are_counted(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    assert_eq!(
        codes_left(&nodes, &alice).await,
        0,
        "at first there is none"
    );
    let mut codes: Vec<_> = (0..10).map(|_| code()).collect();
    (codes[0], codes[1]) = ([0; 32], [0xff; 32]);
    nodes.commit(&[codes_put(&alice, &codes)]).await;
    assert_eq!(codes_left(&nodes, &alice).await, 10, "codes are counted");
    for (number, code) in (1..).zip(&codes) {
        nodes.commit(&[code_taken(&alice, &[*code])]).await;
        assert_eq!(
            codes_left(&nodes, &alice).await,
            10 - number,
            "each of them"
        );
    }
    let same = code();
    nodes.commit(&[codes_put(&alice, &[same, same])]).await;
    assert_eq!(codes_left(&nodes, &alice).await, 1, "two alike are one");
    let nobody = codes_left(&nodes, &rows::stranger()).await;
    assert_eq!(nobody, 0, "nobody has none");
}

async fn codes_need_their_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        for codes in [&[code()][..], &[]] {
            let refused = nodes.refusal(codes_put(&owner, codes)).await;
            let rule = "the owner of recovery codes must be there, were there none";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
        assert_eq!(codes_left(&nodes, &owner).await, 0, "nothing is left");
    }
    assert_eq!(codes_left(&nodes, &alice).await, 0, "nobody else gets them");
}

async fn new_ones_replace_all(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (alice, bob) = (alice.reference(), bob.reference());
    let (kept, gone, new) = (code(), code(), code());
    let begin = [codes_put(&alice, &[kept, gone]), codes_put(&bob, &[gone])];
    nodes.commit(&begin).await;
    nodes.commit(&[codes_put(&alice, &[kept, new])]).await;
    let rule = "new codes stand in place of all that there were";
    assert_eq!(codes_left(&nodes, &alice).await, 2, "{rule}");
    let refused = nodes.refusal(code_taken(&alice, &[gone])).await;
    assert_eq!(refused, Conflict::NotFound, "{rule}");
    let good = [code_taken(&alice, &[kept]), code_taken(&alice, &[new])];
    nodes.commit(&good).await;

    nodes.commit(&[codes_put(&alice, &[new])]).await;
    nodes.commit(&[codes_put(&alice, &[])]).await;
    assert_eq!(codes_left(&nodes, &alice).await, 0, "none, for no codes");
    assert_eq!(codes_left(&nodes, &bob).await, 1, "others' codes stay");
    nodes.commit(&[code_taken(&bob, &[gone])]).await;
}

async fn a_code_is_taken_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let codes = [code(), code()];
    nodes.commit(&[codes_put(&alice, &codes)]).await;
    for (left, code) in [1, 0].into_iter().zip(codes) {
        let twice = [code_taken(&alice, &[code]), code_taken(&alice, &[code])];
        let rule = "a recovery code is good for once";
        let refused = nodes.conflict(&twice).await;
        assert_eq!(refused, (1, Conflict::NotFound), "{rule}");
        let rule_of_none = "what was not committed used nothing up";
        assert_eq!(codes_left(&nodes, &alice).await, left + 1, "{rule_of_none}");
        nodes.commit(&twice[..1]).await;
        assert_eq!(codes_left(&nodes, &alice).await, left, "{rule}");
        let refused = nodes.refusal(twice[0].clone()).await;
        assert_eq!(refused, Conflict::NotFound, "{rule}");
    }
}

/// A code may be kept under one of several keys of the server.
async fn one_of_several_is_taken(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (old, older, other) = (code(), code(), code());
    nodes
        .commit(&[codes_put(&alice, &[old, older, other])])
        .await;
    let rule = "the first of several that is there goes, and no other";
    nodes
        .commit(&[code_taken(&alice, &[code(), old, older])])
        .await;
    assert_eq!(codes_left(&nodes, &alice).await, 2, "{rule}");
    let refused = nodes.refusal(code_taken(&alice, &[old])).await;
    assert_eq!(refused, Conflict::NotFound, "{rule}");
    nodes.commit(&[code_taken(&alice, &[older])]).await;
    for absent in [&[][..], &[code()], &[code(), old]] {
        let refused = nodes.refusal(code_taken(&alice, absent)).await;
        assert_eq!(refused, Conflict::NotFound, "none of them is there");
    }
    assert_eq!(codes_left(&nodes, &alice).await, 1, "the other stays");
}

async fn only_ones_own_is_taken(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (alice, bob) = (alice.reference(), bob.reference());
    let own = code();
    nodes.commit(&[codes_put(&alice, &[own])]).await;
    for other in [bob, rows::namesake(&alice), rows::stranger()] {
        let refused = nodes.refusal(code_taken(&other, &[own])).await;
        assert_eq!(refused, Conflict::NotFound, "a code is one user's");
    }
    assert_eq!(codes_left(&nodes, &alice).await, 1, "and stays so");
}
