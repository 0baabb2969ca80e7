//! What goes with an account: its factor, recovery codes, tickets and identities.

use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Factor, Identity, Ticket, TicketPurpose, User, UserRef};

use super::rows::{active_factor, code, factor, identity, nobodys_ticket, ticket};
use super::users::insert;
use super::{Nodes, factors, identities, rows, tickets};

super::cases![all_goes_with_its_owner, nothing_is_inherited];

/// One account's, and its codes.
struct Belongings {
    factor: Factor,
    codes: [[u8; 32]; 2],
    tickets: Vec<Ticket>,
    identity: Identity,
}

impl Belongings {
    fn of(owner: &UserRef) -> Self {
        Self {
            factor: active_factor(owner),
            codes: [code(), code()],
            tickets: TicketPurpose::ALL
                .map(|purpose| ticket(owner, purpose))
                .to_vec(),
            identity: identity(owner),
        }
    }

    fn owner(&self) -> &UserRef {
        &self.factor.owner
    }

    fn inserted(&self) -> Vec<Change> {
        let mut changes = vec![
            rows::factor_put(&self.factor),
            rows::codes_put(self.owner(), &self.codes),
            rows::linked_identity(&self.identity),
        ];
        changes.extend(self.tickets.iter().map(rows::ticketed));
        changes
    }

    async fn assert_there(&self, nodes: &Nodes, rule: &str) {
        let factor = factors::find(nodes, self.owner()).await;
        assert_eq!(factor.as_ref(), Some(&self.factor), "{rule}");
        let left = factors::codes_left(nodes, self.owner()).await;
        assert_eq!(left, 2, "{rule}: recovery codes");
        for ticket in &self.tickets {
            let found = tickets::find(nodes, ticket).await;
            assert_eq!(found.as_ref(), Some(ticket), "{rule}");
        }
        let listed = identities::list(nodes, self.owner()).await;
        assert_eq!(listed, std::slice::from_ref(&self.identity), "{rule}");
    }

    async fn assert_gone(&self, nodes: &Nodes, rule: &str) {
        let factor = factors::find(nodes, self.owner()).await;
        assert_eq!(factor, None, "{rule}");
        let left = factors::codes_left(nodes, self.owner()).await;
        assert_eq!(left, 0, "{rule}: recovery codes");
        for ticket in &self.tickets {
            let found = tickets::find(nodes, ticket).await;
            assert_eq!(found, None, "{rule}");
        }
        let listed = identities::list(nodes, self.owner()).await;
        assert!(listed.is_empty(), "{rule}");
        let found = identities::find(nodes, &self.identity).await;
        assert_eq!(found, None, "{rule}");
    }
}

async fn all_goes_with_its_owner(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let namesake = User {
        id: alice.id,
        ..rows::user("customers", "alice@example.com")
    };
    nodes.commit(&[insert(&namesake)]).await;
    let own = Belongings::of(&alice.reference());
    let others = [&bob, &namesake].map(|user| Belongings::of(&user.reference()));
    let nobodys = nobodys_ticket(TicketPurpose::OauthState);
    for belongings in [&own, &others[0], &others[1]] {
        nodes.commit(&belongings.inserted()).await;
    }
    nodes.commit(&[rows::ticketed(&nobodys)]).await;

    let fails = rows::factor_deleted(&rows::stranger());
    let gone = Change::DeleteUser(alice.reference());
    let refused = nodes.conflict(&[gone.clone(), fails]).await;
    assert_eq!(refused, (1, Conflict::NotFound), "nobody has a factor");
    own.assert_there(&nodes, "what is not committed takes nothing away")
        .await;
    nodes.commit(&[gone]).await;
    own.assert_gone(&nodes, "what is an account's goes with it")
        .await;
    for belongings in &others {
        belongings
            .assert_there(&nodes, "what is others' stays")
            .await;
    }
    let found = tickets::find(&nodes, &nobodys).await;
    assert_eq!(found, Some(nobodys), "nobody's tickets stay");
}

/// Who gets the id, the address or the subject of one who is gone gets nothing else.
async fn nothing_is_inherited(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let own = Belongings::of(&owner);
    nodes.commit(&own.inserted()).await;
    let again = [Change::DeleteUser(owner.clone()), insert(&alice)];
    nodes.commit(&again).await;
    own.assert_gone(&nodes, "an account that is made anew has nothing")
        .await;
    let same = Identity {
        subject: own.identity.subject.clone(),
        ..identity(&owner)
    };
    let new = [
        rows::linked_identity(&same),
        rows::factor_put(&factor(&owner)),
    ];
    nodes.commit(&new).await;
    let found = identities::find(&nodes, &same).await;
    assert_eq!(found, Some(same), "a subject is free again");
}
