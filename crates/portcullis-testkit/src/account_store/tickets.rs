use std::future::Future;

use portcullis_accounts::store::Conflict;
use portcullis_accounts::{Ticket, TicketPurpose, UserRef};

use super::rows::{
    HOUR, TICKET_END, at, attempted, new_id, nobodys_ticket, ticket, ticket_taken, ticketed,
    tickets_dropped,
};
use super::{Nodes, rows};

super::cases![
    a_ticket_is_found_again,
    a_ticket_needs_its_owner,
    a_ticket_is_there_once,
    tickets_stand_side_by_side,
    a_ticket_is_taken_once,
    only_the_right_one_is_taken,
    what_has_ended_is_not_taken,
    attempts_are_counted,
    only_the_right_one_is_counted,
    tickets_are_dropped_by_purpose,
];

pub(super) async fn find(nodes: &Nodes, ticket: &Ticket) -> Option<Ticket> {
    nodes.b.ticket(ticket.id).await.expect("a store answers")
}

#[track_caller]
pub(super) fn assert_same(found: Option<Ticket>, wanted: &Ticket, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    assert_eq!(found.digest, wanted.digest, "{rule}: digest");
    assert_eq!(found.sealed, wanted.sealed, "{rule}: what is sealed");
    assert_eq!(found.attempts, wanted.attempts, "{rule}: attempts");
    let times = |ticket: &Ticket| (ticket.created_at, ticket.expires_at);
    assert_eq!(times(&found), times(wanted), "{rule}: times");
    assert_eq!(found, *wanted, "{rule}");
}

/// A ticket for each purpose.
fn one_of_each(owner: &UserRef) -> Vec<Ticket> {
    TicketPurpose::ALL
        .map(|purpose| ticket(owner, purpose))
        .to_vec()
}

async fn insert(nodes: &Nodes, tickets: &[Ticket]) {
    let changes: Vec<_> = tickets.iter().map(ticketed).collect();
    nodes.commit(&changes).await;
}

async fn a_ticket_is_found_again(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut tickets = one_of_each(&alice);
    tickets.extend(TicketPurpose::ALL.map(nobodys_ticket));
    tickets[0].digest = [0xff; 32];
    tickets[1].digest = [0; 32];
    tickets[2].sealed = Vec::new();
    tickets[3].sealed = (0..=255).cycle().take(4000).collect();
    tickets[4].attempts = u32::MAX;
    tickets[5].collection = String::from("Ålices 'own' \\ %_;--");
    insert(&nodes, &tickets).await;
    for wanted in &tickets {
        for _ in 0..2 {
            let rule = "a ticket is found as it was put in, and not used up by it";
            assert_same(find(&nodes, wanted).await, wanted, rule);
        }
    }
    let unknown = ticket(&alice, TicketPurpose::Challenge);
    assert_eq!(find(&nodes, &unknown).await, None, "an unknown id is none");
}

async fn a_ticket_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let orphan = ticket(&owner, TicketPurpose::Challenge);
        let refused = nodes.refusal(ticketed(&orphan)).await;
        let rule = "if a ticket has an owner, the owner must be there";
        assert_eq!(refused, Conflict::NotFound, "{rule}");
        assert_eq!(find(&nodes, &orphan).await, None, "nothing is left of it");
    }
}

async fn a_ticket_is_there_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let first = ticket(&alice, TicketPurpose::OauthState);
    insert(&nodes, std::slice::from_ref(&first)).await;
    let second = Ticket {
        id: first.id,
        ..nobodys_ticket(TicketPurpose::OauthCode)
    };
    nodes.assert_taken(ticketed(&second), "a ticket's id").await;
    let rule = "the first stays as it is";
    assert_same(find(&nodes, &first).await, &first, rule);
}

/// Other than links: somebody may log in on two devices at once.
async fn tickets_stand_side_by_side(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut tickets = [one_of_each(&alice), one_of_each(&alice)].concat();
    tickets.extend(TicketPurpose::ALL.map(nobodys_ticket));
    for ticket in &tickets {
        insert(&nodes, std::slice::from_ref(ticket)).await;
    }
    nodes.commit(&[ticket_taken(&tickets[0], 20)]).await;
    for ticket in &tickets[1..] {
        let rule = "a ticket concerns no other, whosever it is";
        assert_same(find(&nodes, ticket).await, ticket, rule);
    }
}

async fn a_ticket_is_taken_once(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut tickets = one_of_each(&alice);
    tickets.push(nobodys_ticket(TicketPurpose::OauthState));
    insert(&nodes, &tickets).await;
    for ticket in &tickets {
        let twice = [ticket_taken(ticket, 20), ticket_taken(ticket, 20)];
        let rule = "a ticket is good for once";
        let refused = nodes.conflict(&twice).await;
        assert_eq!(refused, (1, Conflict::NotFound), "{rule}");
        let rule_of_none = "what was not committed used nothing up";
        assert_same(find(&nodes, ticket).await, ticket, rule_of_none);
        nodes.commit(&twice[..1]).await;
        assert_eq!(find(&nodes, ticket).await, None, "{rule}: it is gone");
        for late in [ticket_taken(ticket, 20), attempted(ticket, 5, 20)] {
            let refused = nodes.refusal(late).await;
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
    }
}

/// All that is nearly the ticket, and is not.
fn nearly(ticket: &Ticket) -> Vec<Ticket> {
    let mut wrong: Vec<_> = TicketPurpose::ALL
        .into_iter()
        .filter(|purpose| *purpose != ticket.purpose)
        .map(|purpose| Ticket {
            purpose,
            ..ticket.clone()
        })
        .collect();
    for place in [0, 31] {
        let mut other = ticket.clone();
        other.digest[place] ^= 1;
        wrong.push(other);
    }
    wrong.push(Ticket {
        id: new_id(),
        ..ticket.clone()
    });
    wrong
}

async fn only_the_right_one_is_taken(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let tickets = one_of_each(&alice);
    insert(&nodes, &tickets).await;
    for ticket in &tickets {
        for wrong in nearly(ticket) {
            let refused = nodes.refusal(ticket_taken(&wrong, 20)).await;
            let rule = "a ticket is known by id, digest and purpose";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
        let rule = "and stays as it is";
        assert_same(find(&nodes, ticket).await, ticket, rule);
    }
    let [first, second] = [&tickets[0], &tickets[1]];
    let crossed = Ticket {
        digest: second.digest,
        ..first.clone()
    };
    let refused = nodes.refusal(ticket_taken(&crossed, 20)).await;
    let rule = "another ticket's digest is not its own";
    assert_eq!(refused, Conflict::NotFound, "{rule}");
}

async fn what_has_ended_is_not_taken(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let ticket = ticket(&alice, TicketPurpose::TrustedDevice);
    insert(&nodes, std::slice::from_ref(&ticket)).await;
    for second in [TICKET_END, TICKET_END + 1, 1000 * HOUR] {
        let late = [ticket_taken(&ticket, second), attempted(&ticket, 5, second)];
        for change in late {
            let refused = nodes.refusal(change).await;
            let rule = "past its end it is good for nothing";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
    }
    let rule = "it is found past its end as well";
    assert_same(find(&nodes, &ticket).await, &ticket, rule);
    let second = TICKET_END - 1;
    let in_time = [attempted(&ticket, 1, second), ticket_taken(&ticket, second)];
    nodes.commit(&in_time).await;
}

/// AC-O3.
async fn attempts_are_counted(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut ticket = ticket(&alice, TicketPurpose::Challenge);
    let other = rows::ticket(&alice, TicketPurpose::Challenge);
    insert(&nodes, &[ticket.clone(), other.clone()]).await;
    let none = nodes.refusal(attempted(&ticket, 0, 20)).await;
    assert_eq!(none, Conflict::LimitReached, "none, if there may be none");
    for attempts in 1..=5 {
        let fails = rows::factor_deleted(&rows::stranger());
        let refused = nodes.conflict(&[attempted(&ticket, 5, 20), fails]).await;
        assert_eq!(refused, (1, Conflict::NotFound), "nobody has a factor");
        let rule = "what is not committed is not counted";
        assert_same(find(&nodes, &ticket).await, &ticket, rule);
        nodes.commit(&[attempted(&ticket, 5, 20)]).await;
        ticket.attempts = attempts;
        let rule = "an attempt is counted, and nothing else is changed";
        assert_same(find(&nodes, &ticket).await, &ticket, rule);
    }
    for at_most in [5, 4, 1, 0] {
        let refused = nodes.refusal(attempted(&ticket, at_most, 20)).await;
        let rule = "there are no more attempts than there may be";
        assert_eq!(refused, Conflict::LimitReached, "{rule}");
    }
    assert_same(find(&nodes, &ticket).await, &ticket, "nor are they counted");
    let two = [attempted(&ticket, 7, 20), attempted(&ticket, 7, 20)];
    nodes.commit(&two).await;
    let third = nodes.refusal(attempted(&ticket, 7, 20)).await;
    assert_eq!(third, Conflict::LimitReached, "each of a commit counts");
    let rule = "each ticket has attempts of its own";
    assert_same(find(&nodes, &other).await, &other, rule);
    nodes.commit(&[ticket_taken(&ticket, 20)]).await;
}

async fn only_the_right_one_is_counted(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let ticket = ticket(&alice, TicketPurpose::Challenge);
    insert(&nodes, std::slice::from_ref(&ticket)).await;
    for wrong in nearly(&ticket) {
        for at_most in [5, 0] {
            let refused = nodes.refusal(attempted(&wrong, at_most, 20)).await;
            let rule = "who has not the ticket counts nothing, and learns nothing of it";
            assert_eq!(refused, Conflict::NotFound, "{rule}");
        }
    }
    let rule = "nobody uses up another's attempts";
    assert_same(find(&nodes, &ticket).await, &ticket, rule);
}

/// AC-O9.
async fn tickets_are_dropped_by_purpose(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (alice, bob) = (alice.reference(), bob.reference());
    let own = [one_of_each(&alice), one_of_each(&alice)].concat();
    let mut theirs = one_of_each(&bob);
    theirs.extend(TicketPurpose::ALL.map(nobodys_ticket));
    insert(&nodes, &own).await;
    insert(&nodes, &theirs).await;
    let some = [TicketPurpose::Challenge, TicketPurpose::TrustedDevice];
    nodes.commit(&[tickets_dropped(&alice, &[])]).await;
    let twice = [
        tickets_dropped(&alice, &some),
        tickets_dropped(&alice, &some),
    ];
    nodes.commit(&twice).await;
    for ticket in &own {
        let is_there = find(&nodes, ticket).await.is_some();
        let rule = "tickets go by purpose, all of them";
        let purpose = ticket.purpose;
        assert_eq!(is_there, !some.contains(&purpose), "{rule}: {purpose:?}");
    }
    let all = TicketPurpose::ALL;
    for owner in [rows::namesake(&bob), rows::stranger(), alice] {
        nodes.commit(&[tickets_dropped(&owner, &all)]).await;
    }
    for ticket in &own {
        let found = find(&nodes, ticket).await;
        assert_eq!(found, None, "all purposes, all tickets");
    }
    for ticket in &theirs {
        let rule = "another's tickets stay, and nobody's";
        assert_same(find(&nodes, ticket).await, ticket, rule);
    }
    assert_eq!(theirs[0].expires_at, at(TICKET_END), "though they end");
}
