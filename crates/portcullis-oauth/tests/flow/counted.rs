//! What operators count.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use portcullis_oauth::{Authorize, Provider};

use crate::login::{REDIRECT, callback, code};

#[test]
fn exchanges_are_counted_by_provider_and_outcome() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(two_refusals()));
    let counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels = key.key().labels();
            let labels: Vec<_> = labels.map(|label| label.value().to_owned()).collect();
            (key.key().name().to_owned(), labels, value)
        })
        .collect();
    let labels = ["github", "access_denied"].map(str::to_owned).to_vec();
    let expected = (
        "portcullis_oauth_exchanges_total".to_owned(),
        labels,
        DebugValue::Counter(2),
    );
    assert_eq!(counted, [expected]);
}

async fn two_refusals() {
    let github = Provider::github("id", "secret").build().unwrap();
    for _ in 0..2 {
        let authorization = github.authorize(Authorize::new(REDIRECT)).await.unwrap();
        let callback = callback(&authorization, "error=access_denied");
        let refused = github.exchange(&authorization.pending, &callback).await;
        assert_eq!(code(refused), "access_denied");
    }
}
