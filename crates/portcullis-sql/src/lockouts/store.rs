use portcullis_limit::{Answer, Counted, CountedFailure, Counter, LockoutStore, Standing};

use super::{Failed, Place, SqlLockouts, undecided};

impl LockoutStore for SqlLockouts {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        let (store, places) = (self.clone(), self.places(counters));
        Answer::Pending(Box::pin(async move {
            store.count_on(&places).await.map_err(undecided)
        }))
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        let (store, clear) = (self.clone(), self.places(clear));
        let failed = take_back.iter().map(|failure| Failed {
            place: self.place(&failure.counter),
            mark: failure.mark,
        });
        let failed: Vec<_> = failed.collect();
        Answer::Pending(Box::pin(async move {
            store.settle_on(&clear, &failed).await.map_err(undecided)
        }))
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        let (store, places) = (self.clone(), self.places(counters));
        Answer::Pending(Box::pin(async move {
            store.look_at(&places).await.map_err(undecided)
        }))
    }
}

impl SqlLockouts {
    fn places(&self, counters: &[Counter<'_>]) -> Vec<Place> {
        counters.iter().map(|counter| self.place(counter)).collect()
    }

    fn place(&self, counter: &Counter<'_>) -> Place {
        Place {
            key: self.hasher.hash(counter),
            steps: counter.steps.clone(),
        }
    }
}
