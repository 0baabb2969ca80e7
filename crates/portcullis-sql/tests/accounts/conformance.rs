//! Every rule of the contracts, by the public suite: the races on two nodes over one database.

use portcullis_testkit::account_store::{self, Nodes};

use crate::support::{Place, connect};

/// Two nodes, as two processes would open the database.
async fn two_nodes(place: &Place) -> Nodes {
    let (a, b) = tokio::join!(place.store(), place.store());
    Nodes::two(a, b)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_in_a_file() {
    let places = std::sync::Mutex::new(Vec::new());
    account_store::conformance(|| async {
        let place = Place::sqlite();
        let nodes = two_nodes(&place).await;
        places.lock().expect("nobody panics with it").push(place);
        nodes
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_in_memory() {
    account_store::conformance(|| async { Nodes::one(connect("sqlite::memory:").await) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    let Some(_server) = portcullis_testkit::postgres::Server::shared() else {
        return;
    };
    account_store::conformance(|| async {
        let place = Place::postgres().expect("it is installed");
        two_nodes(&place).await
    })
    .await;
}
