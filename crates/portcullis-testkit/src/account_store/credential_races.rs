use std::future::Future;

use portcullis_accounts::store::{Change, CommitError, Conflict};
use portcullis_accounts::{Identity, TicketPurpose, User, UserRef};

use super::contest::commit_all;
use super::family_ends::all_ended;
use super::rows::{
    activated, active_factor, attempted, code, code_taken, codes_put, factor, factor_deleted,
    factor_put, identity, linked_identity, require_credential, require_stamp, step_used, ticket,
    ticket_taken, ticketed, unlinked, without_password,
};
use super::{Nodes, factors, identities, rows, tickets};

super::cases![
    one_step_of_fifty,
    one_recovery_code_of_fifty,
    one_ticket_of_fifty,
    attempts_within_their_bound,
    one_of_two_credentials_stays,
    a_password_or_an_identity_stays,
    new_factors_against_an_activation,
    one_activation_of_twenty,
    one_owner_of_a_subject,
    codes_of_one_set,
    a_new_stamp_against_logins,
    a_deletion_against_what_is_added,
    crossing_commits_end,
];

/// AC-O2: with something else in the same commit, as flows have it.
async fn one_step_of_fifty(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let factor = active_factor(&alice);
    nodes.commit(&[factor_put(&factor)]).await;
    for step in 101..105 {
        let event = || rows::recorded(&rows::event_at(&alice, 20));
        let commits = (0..50).map(|number| match number % 3 {
            0 => vec![step_used(&factor, step)],
            1 => vec![step_used(&factor, step), event()],
            _ => vec![event(), step_used(&factor, step)],
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of fifty who show one code one succeeds";
        outcomes.assert_made(1, Conflict::Changed, rule);
        let found = factors::find(&nodes, &alice).await;
        let found = found.and_then(|factor| factor.last_step);
        assert_eq!(found, Some(step), "{rule}");
    }
    let events = nodes.b.events(&super::audit::all("users")).await;
    let written = events.expect("a store answers").len();
    assert!(
        written <= 4,
        "those that were not made have written nothing"
    );
}

/// AC-O7.
async fn one_recovery_code_of_fifty(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let codes: Vec<_> = (0..4).map(|_| code()).collect();
    nodes.commit(&[codes_put(&alice, &codes)]).await;
    for (left, used) in (0..4).rev().zip(&codes) {
        let commits = (0..50).map(|number| match number % 2 {
            0 => vec![code_taken(&alice, &[*used])],
            _ => vec![code_taken(&alice, &[code(), *used])],
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of fifty who show one recovery code one succeeds";
        outcomes.assert_made(1, Conflict::NotFound, rule);
        assert_eq!(factors::codes_left(&nodes, &alice).await, left, "{rule}");
    }
}

async fn one_ticket_of_fifty(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for purpose in TicketPurpose::ALL {
        let owned = ticket(&alice, purpose);
        for ticket in [owned, rows::nobodys_ticket(purpose)] {
            nodes.commit(&[ticketed(&ticket)]).await;
            let commits = (0..50).map(|_| vec![ticket_taken(&ticket, 20)]);
            let outcomes = commit_all(&nodes, commits).await;
            let rule = "of fifty who take one ticket one succeeds";
            outcomes.assert_made(1, Conflict::NotFound, rule);
        }
    }
}

/// AC-O3: however many come at once, no more is tried than may be.
async fn attempts_within_their_bound(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for at_most in [1, 5] {
        let ticket = ticket(&alice, TicketPurpose::Challenge);
        nodes.commit(&[ticketed(&ticket)]).await;
        let commits = (0..50).map(|_| vec![attempted(&ticket, at_most, 20)]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = format!("of fifty attempts at once {at_most} are made");
        outcomes.assert_made(at_most as usize, Conflict::LimitReached, &rule);
        let found = tickets::find(&nodes, &ticket).await;
        let found = found.map(|ticket| ticket.attempts);
        assert_eq!(found, Some(at_most), "{rule}, and counted");
    }
}

/// An account without a password, and so many identities.
async fn with_identities<const MANY: usize>(nodes: &Nodes, name: &str) -> (User, [Identity; MANY]) {
    let user = nodes.user(name).await;
    let identities = [(); MANY].map(|()| identity(&user.reference()));
    let changes: Vec<_> = identities.iter().map(linked_identity).collect();
    nodes.commit(&changes).await;
    (user, identities)
}

/// AC-A8.
async fn one_of_two_credentials_stays(nodes: Nodes) {
    for round in 0..20 {
        let (alice, both) = with_identities::<2>(&nodes, &format!("alice-{round}")).await;
        nodes.commit(&[without_password(&alice)]).await;
        let require = require_credential(&alice.reference());
        let commits = both.each_ref().map(|one| match round % 2 {
            0 => vec![unlinked(one), require.clone()],
            _ => vec![require.clone(), unlinked(one)],
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of two who unlink the last two at once one succeeds";
        outcomes.assert_made(1, Conflict::LastCredential, rule);
        let left = identities::list(&nodes, &alice.reference()).await;
        assert_eq!(left.len(), 1, "{rule}");
    }
}

/// AC-A8.
async fn a_password_or_an_identity_stays(nodes: Nodes) {
    for round in 0..20 {
        let (alice, [only]) = with_identities::<1>(&nodes, &format!("alice-{round}")).await;
        let owner = alice.reference();
        let ends = [without_password(&alice), unlinked(&only)];
        let commits = ends.map(|end| vec![end, require_credential(&owner)]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "the password and the only identity do not go at once";
        outcomes.assert_made(1, Conflict::LastCredential, rule);
        nodes.commit(&[require_credential(&owner)]).await;
    }
}

async fn new_factors_against_an_activation(nodes: Nodes) {
    for round in 0..20 {
        let alice = nodes.user(&format!("alice-{round}")).await.reference();
        let first = factor(&alice);
        nodes.commit(&[factor_put(&first)]).await;
        let puts = (0..3).map(|_| vec![factor_put(&factor(&alice))]);
        let mut commits: Vec<_> = puts.collect();
        let place = round % 4;
        commits.insert(place, vec![activated(&first, 100, 30)]);
        let outcomes = commit_all(&nodes, commits).await;
        let found = factors::find(&nodes, &alice).await;
        let found = found.expect("there is one in any case");
        match &outcomes.all[place] {
            Ok(_) => {
                let rule = "what was activated is not replaced";
                outcomes.assert_made(1, Conflict::FactorActive, rule);
                assert_eq!((found.id, found.is_active()), (first.id, true), "{rule}");
            }
            Err(_) => {
                let rule = "what was replaced is not activated";
                outcomes.assert_made(3, Conflict::NotFound, rule);
                assert_ne!(found.id, first.id, "{rule}");
                assert!(!found.is_active(), "{rule}");
            }
        }
    }
}

async fn one_activation_of_twenty(nodes: Nodes) {
    for round in 0..4 {
        let alice = nodes.user(&format!("alice-{round}")).await.reference();
        let factor = factor(&alice);
        nodes.commit(&[factor_put(&factor)]).await;
        let commits = (0..20).map(|number| {
            let codes = codes_put(&alice, &[code(), code()]);
            vec![activated(&factor, 100 + number, 30), codes]
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of twenty who activate one factor one succeeds";
        outcomes.assert_made(1, Conflict::FactorActive, rule);
        let winner = outcomes.all.iter().position(Result::is_ok);
        let winner = winner.map(|number| 100 + number as u64);
        let found = factors::find(&nodes, &alice).await;
        let found = found.and_then(|factor| factor.last_step);
        assert_eq!(found, winner, "{rule}: who was told so");
        assert_eq!(factors::codes_left(&nodes, &alice).await, 2, "{rule}");
    }
}

/// AC-A7.
async fn one_owner_of_a_subject(nodes: Nodes) {
    let mut users = Vec::new();
    for number in 0..50 {
        users.push(nodes.user(&format!("user-{number}")).await.reference());
    }
    for round in 0..4 {
        let identities: Vec<_> = (users.iter())
            .map(|owner| Identity {
                subject: format!("subject-{round}"),
                ..identity(owner)
            })
            .collect();
        let commits = identities.iter().map(|one| vec![linked_identity(one)]);
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of fifty who link one subject one succeeds";
        outcomes.assert_made(1, Conflict::IdentityTaken, rule);
        let winner = outcomes.all.iter().position(Result::is_ok);
        let winner = winner.map(|winner| &identities[winner]);
        let found = identities::find(&nodes, &identities[0]).await;
        assert_eq!(found.as_ref(), winner, "{rule}: who was told so");
    }
}

async fn codes_of_one_set(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for _ in 0..4 {
        let sets: Vec<Vec<_>> = (0..12).map(|_| (0..10).map(|_| code()).collect()).collect();
        let commits = sets.iter().map(|codes| vec![codes_put(&alice, codes)]);
        let outcomes = commit_all(&nodes, commits).await;
        outcomes.assert_all_made("codes are replaced by whoever comes last");
        let rule = "the codes of one set are there, and no others";
        assert_eq!(factors::codes_left(&nodes, &alice).await, 10, "{rule}");
        let mut good = 0;
        for codes in &sets {
            let all: Vec<_> = codes
                .iter()
                .map(|code| code_taken(&alice, &[*code]))
                .collect();
            good += usize::from(nodes.try_commit(&all).await.is_ok());
        }
        assert_eq!(good, 1, "{rule}");
    }
}

/// AC-R1: whoever ends all logins leaves none that began on the way.
async fn a_new_stamp_against_logins(nodes: Nodes) {
    for round in 0..20 {
        let alice = nodes.user(&format!("alice-{round}")).await;
        let owner = alice.reference();
        let mut update = rows::update(&alice);
        update.stamp = Some(String::from("stamp-2"));
        let mut commits: Vec<_> = (0..6)
            .map(|_| {
                let login = rows::inserted(&rows::family(&owner));
                vec![require_stamp(&owner, "stamp-1"), login]
            })
            .collect();
        let place = round % 7;
        commits.insert(place, vec![rows::updated(update), all_ended(&owner, None)]);
        let outcomes = commit_all(&nodes, commits).await;
        for (number, outcome) in outcomes.all.iter().enumerate() {
            let conflict = outcome.as_ref().err().map(CommitError::conflict);
            let is_fine = match conflict {
                None => true,
                Some(conflict) => number != place && conflict == Some(Conflict::Changed),
            };
            assert!(is_fine, "who comes late finds another stamp: {outcome:?}");
        }
        let families = nodes.b.families(&owner, rows::at(20)).await;
        let families = families.expect("a store answers");
        assert!(
            families.is_empty(),
            "no login outlives the stamp that it asked for"
        );
    }
}

async fn a_deletion_against_what_is_added(nodes: Nodes) {
    for round in 0..20 {
        let alice = nodes.user("alice").await.reference();
        let ticket = ticket(&alice, TicketPurpose::Challenge);
        let identity = identity(&alice);
        let additions = [
            factor_put(&factor(&alice)),
            codes_put(&alice, &[code()]),
            ticketed(&ticket),
            linked_identity(&identity),
        ];
        let mut commits = additions.map(|change| vec![change]).to_vec();
        let place = round % 5;
        commits.insert(place, vec![Change::DeleteUser(alice.clone())]);
        let outcomes = commit_all(&nodes, commits).await;
        for (number, outcome) in outcomes.all.iter().enumerate() {
            let conflict = outcome.as_ref().err().map(CommitError::conflict);
            let is_fine = match conflict {
                None => true,
                Some(conflict) => number != place && conflict == Some(Conflict::NotFound),
            };
            assert!(is_fine, "who comes late finds no owner: {outcome:?}");
        }
        let rule = "nothing outlives its owner";
        assert_eq!(factors::find(&nodes, &alice).await, None, "{rule}");
        assert_eq!(factors::codes_left(&nodes, &alice).await, 0, "{rule}");
        assert_eq!(tickets::find(&nodes, &ticket).await, None, "{rule}");
        let found = identities::find(&nodes, &identity).await;
        assert_eq!(found, None, "{rule}");
    }
}

/// Commits that touch the same rows in opposite orders do not wait for each other for ever, and none is given up.
async fn crossing_commits_end(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let users = [alice.reference(), bob.reference()];
    let begin = users.each_ref().map(|user| factor_put(&factor(user)));
    nodes.commit(&begin).await;
    let enrolled = |user: &UserRef| {
        [
            factor_deleted(user),
            factor_put(&active_factor(user)),
            codes_put(user, &[code()]),
        ]
    };
    let challenged = |user: &UserRef| {
        let ticket = ticket(user, TicketPurpose::Challenge);
        let dropped = rows::tickets_dropped(user, &[TicketPurpose::Challenge]);
        [dropped, ticketed(&ticket), attempted(&ticket, 5, 20)]
    };
    let known = |user: &UserRef| [linked_identity(&identity(user)), require_credential(user)];
    for _ in 0..5 {
        let commits = (0..20).map(|number| {
            let (one, other) = match number % 2 {
                0 => (&users[0], &users[1]),
                _ => (&users[1], &users[0]),
            };
            let mut changes = Vec::new();
            changes.extend(enrolled(one));
            changes.extend(challenged(other));
            changes.extend(known(one));
            changes.extend(challenged(one));
            changes.extend(enrolled(other));
            changes.push(require_stamp(one, "stamp-1"));
            changes
        });
        let outcomes = commit_all(&nodes, commits).await;
        outcomes.assert_all_made("commits that cross are all made");
    }
    for user in &users {
        let linked = identities::list(&nodes, user).await.len();
        assert_eq!(linked, 50, "each has left what it wrote");
        assert_eq!(factors::codes_left(&nodes, user).await, 1, "and replaced");
    }
}
