use std::future::Future;

use portcullis_accounts::{Delivery, QueuedMail, RecordId};

use super::Nodes;
use super::rows::{HOUR, at, mail_at, queued};

super::cases![
    a_mail_is_claimed_as_it_was_queued,
    a_mail_is_queued_once,
    the_oldest_comes_first,
    what_is_not_due_waits,
    a_claim_lasts_until_its_end,
    a_mail_that_is_done_is_gone,
    a_mail_is_tried_again,
    what_has_expired_is_dropped,
];

async fn queue(nodes: &Nodes, mails: &[&QueuedMail]) {
    let changes: Vec<_> = mails.iter().map(|mail| queued(mail)).collect();
    nodes.commit(&changes).await;
}

/// Claims on the other node, for a minute.
async fn claim(nodes: &Nodes, second: i64, limit: u32) -> Vec<QueuedMail> {
    let claimed = nodes.b.claim_mail(at(second), at(second + 60), limit).await;
    claimed.expect("a store answers")
}

async fn claim_ids(nodes: &Nodes, second: i64, limit: u32) -> Vec<RecordId> {
    let claimed = claim(nodes, second, limit).await;
    claimed.into_iter().map(|mail| mail.id).collect()
}

async fn settle(nodes: &Nodes, mail: &QueuedMail, delivery: Delivery) {
    let settled = nodes.a.settle_mail(mail.id, delivery).await;
    settled.expect("to settle a mail is no error, there or gone");
}

async fn a_mail_is_claimed_as_it_was_queued(nodes: Nodes) {
    let wanted = QueuedMail {
        sealed: (0..=255).cycle().take(70_000).collect(),
        attempts: 3,
        ..mail_at(10)
    };
    let empty = QueuedMail {
        sealed: Vec::new(),
        ..mail_at(11)
    };
    queue(&nodes, &[&wanted, &empty]).await;
    let claimed = claim(&nodes, 20, 10).await;
    assert_eq!(claimed.len(), 2, "what is due is claimed");
    for (claimed, wanted) in claimed.iter().zip([&wanted, &empty]) {
        assert_eq!(claimed.id, wanted.id, "a mail is claimed under its id");
        assert!(
            claimed.sealed == wanted.sealed,
            "byte by byte as it was queued"
        );
        assert_eq!(claimed.attempts, wanted.attempts, "to claim is no attempt");
        let times = |mail: &QueuedMail| (mail.created_at, mail.expires_at);
        assert_eq!(times(claimed), times(wanted), "with its times");
    }
}

async fn a_mail_is_queued_once(nodes: Nodes) {
    let first = mail_at(10);
    queue(&nodes, &[&first]).await;
    let second = QueuedMail {
        sealed: vec![9],
        ..first.clone()
    };
    nodes.assert_taken(queued(&second), "a mail's id").await;
    let claimed = claim(&nodes, 20, 10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].sealed, first.sealed, "the first stays as it is");
}

async fn the_oldest_comes_first(nodes: Nodes) {
    let mails = [30, 10, 50, 20, 40].map(mail_at);
    queue(&nodes, &mails.each_ref()).await;
    let [third, first, fifth, second, fourth] = mails;
    assert!(claim(&nodes, 100, 0).await.is_empty(), "to claim none");
    let two = claim_ids(&nodes, 100, 2).await;
    assert_eq!(two, [first.id, second.id], "the oldest come first");
    let rest = claim_ids(&nodes, 100, 10).await;
    assert_eq!(
        rest,
        [third.id, fourth.id, fifth.id],
        "then the others, and no other"
    );
}

async fn what_is_not_due_waits(nodes: Nodes) {
    let later = QueuedMail {
        due_at: at(500),
        ..mail_at(10)
    };
    let now = mail_at(20);
    queue(&nodes, &[&later, &now]).await;
    assert_eq!(
        claim_ids(&nodes, 499, 10).await,
        [now.id],
        "what is not due waits"
    );
    assert_eq!(claim_ids(&nodes, 500, 10).await, [later.id], "until it is");
}

async fn a_claim_lasts_until_its_end(nodes: Nodes) {
    let mail = mail_at(10);
    queue(&nodes, &[&mail]).await;
    assert_eq!(claim_ids(&nodes, 100, 10).await, [mail.id]);
    for second in [100, 101, 159] {
        let claimed = claim_ids(&nodes, second, 10).await;
        assert!(claimed.is_empty(), "what is claimed is nobody else's");
    }
    let again = claim(&nodes, 160, 10).await;
    assert_eq!(
        again.len(),
        1,
        "whoever claimed it is gone: it is given to another"
    );
    assert_eq!(again[0].id, mail.id);
    assert_eq!(
        again[0].attempts, 0,
        "a claim that ended is no failed attempt"
    );
    let claimed = claim_ids(&nodes, 219, 10).await;
    assert!(claimed.is_empty(), "and is theirs as long");
}

async fn a_mail_that_is_done_is_gone(nodes: Nodes) {
    let (done, other) = (mail_at(10), mail_at(20));
    queue(&nodes, &[&done, &other]).await;
    assert_eq!(claim_ids(&nodes, 100, 1).await, [done.id]);
    settle(&nodes, &done, Delivery::Done).await;
    settle(&nodes, &done, Delivery::Done).await;
    settle(&nodes, &done, Delivery::RetryAt(at(110))).await;
    let unknown = mail_at(30);
    settle(&nodes, &unknown, Delivery::RetryAt(at(110))).await;
    let left = claim_ids(&nodes, 1000, 10).await;
    assert_eq!(
        left,
        [other.id],
        "a mail that is done is gone, and no other"
    );
}

async fn a_mail_is_tried_again(nodes: Nodes) {
    let mail = mail_at(10);
    queue(&nodes, &[&mail]).await;
    for attempt in 0..3 {
        let second = 100 + i64::from(attempt) * 20;
        let claimed = claim(&nodes, second, 10).await;
        assert_eq!(
            claimed.len(),
            1,
            "when it is due again, whatever the claim before"
        );
        assert_eq!(
            claimed[0].attempts, attempt,
            "its failed attempts are counted"
        );
        assert_eq!(
            claimed[0].created_at, mail.created_at,
            "it is as old as it was"
        );
        settle(&nodes, &mail, Delivery::RetryAt(at(second + 20))).await;
        let early = claim_ids(&nodes, second + 19, 10).await;
        assert!(early.is_empty(), "it is not tried again before its time");
    }
}

/// AC-Z: what a mail says is good for nothing after its end.
async fn what_has_expired_is_dropped(nodes: Nodes) {
    let (mail, later) = (mail_at(10), mail_at(20));
    let waiting = QueuedMail {
        due_at: at(5 * HOUR),
        ..mail_at(15)
    };
    queue(&nodes, &[&mail, &waiting, &later]).await;
    let expiry = 10 + HOUR;
    assert_eq!(
        claim_ids(&nodes, expiry, 1).await,
        [later.id],
        "what has expired is not sent, and takes no place"
    );
    let claimed = claim_ids(&nodes, 9 * HOUR, 10).await;
    assert!(
        claimed.is_empty(),
        "what expired before it was due is not sent"
    );
    let early = nodes.b.claim_mail(at(100), at(200), 10).await;
    let early = early.expect("a store answers");
    assert!(early.is_empty(), "it was dropped, not hidden");
    nodes.commit(&[queued(&mail)]).await;
}
