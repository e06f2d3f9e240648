//! One answer for all who ask the same at one time, and never one that was begun before they asked.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Who wait for the next answer to each question that is being answered.
type Waiting<K, T> = Arc<Mutex<HashMap<K, Vec<oneshot::Sender<T>>>>>;

/// Answers questions, each one at a time: who asks while an answer is under way is answered by the next, together with all
/// others who do. So nobody is told what was so before they asked, and however many ask, the work is that of a few.
pub(crate) struct Together<K, T> {
    waiting: Waiting<K, T>,
}

impl<K, T> fmt::Debug for Together<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<K, T> Default for Together<K, T> {
    fn default() -> Self {
        Self { waiting: Waiting::default() }
    }
}

impl<K, T> Together<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Clone + Send + 'static,
{
    /// The answer to a question; none if it was broken off.
    pub(crate) async fn ask<F>(&self, question: K, answer: impl Fn() -> F + Send + 'static) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (told, answered) = oneshot::channel();
        let begins = match lock(&self.waiting).entry(question.clone()) {
            std::collections::hash_map::Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(told);
                None
            }
            std::collections::hash_map::Entry::Vacant(nobody) => {
                nobody.insert(Vec::new());
                Some(told)
            }
        };
        if let Some(told) = begins {
            let asked = Asked { waiting: Arc::clone(&self.waiting), question, is_over: false };
            // It ends by itself once nobody waits, and goes on although the first who asked has gone away.
            tokio::spawn(asked.answer(told, answer));
        }
        answered.await.ok()
    }
}

/// A question while it is being answered.
struct Asked<K: Hash + Eq, T> {
    waiting: Waiting<K, T>,
    question: K,
    /// Whether who asks now begins anew.
    is_over: bool,
}

impl<K: Hash + Eq, T: Clone> Asked<K, T> {
    async fn answer<F: Future<Output = T>>(mut self, first: oneshot::Sender<T>, answer: impl Fn() -> F) {
        let mut asking = vec![first];
        while !asking.is_empty() {
            let told = answer().await;
            for asked in asking {
                // Who has gone away need not be told.
                let _gone = asked.send(told.clone());
            }
            asking = self.next();
        }
    }

    /// Those who have asked meanwhile; where nobody has, who asks from now on begins anew.
    fn next(&mut self) -> Vec<oneshot::Sender<T>> {
        let mut waiting = lock(&self.waiting);
        let next = waiting.get_mut(&self.question).map(mem::take).unwrap_or_default();
        if next.is_empty() {
            waiting.remove(&self.question);
            self.is_over = true;
        }
        next
    }
}

impl<K: Hash + Eq, T> Drop for Asked<K, T> {
    /// Where an answer was broken off, nobody waits for the next one in vain.
    fn drop(&mut self) {
        if !self.is_over {
            lock(&self.waiting).remove(&self.question);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures::future::join_all;
    use tokio::sync::{Semaphore, watch};

    use super::*;

    /// Counts, each time after it was let through.
    #[derive(Clone)]
    struct Counter {
        begun: Arc<watch::Sender<usize>>,
        gate: Arc<Semaphore>,
    }

    impl Counter {
        fn new() -> Self {
            Self { begun: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
        }

        async fn ask(&self, together: &Together<&'static str, usize>) -> Option<usize> {
            let counter = self.clone();
            together
                .ask("how many", move || {
                    let counter = counter.clone();
                    async move {
                        counter.begun.send_modify(|begun| *begun += 1);
                        let number = *counter.begun.borrow();
                        counter.gate.acquire().await.unwrap().forget();
                        number
                    }
                })
                .await
        }
    }

    #[tokio::test]
    async fn who_asks_meanwhile_is_told_what_was_begun_later_and_all_of_them_at_once() {
        let (together, counter) = (Together::default(), Counter::new());
        let mut begun = counter.begun.subscribe();
        let first = async { counter.ask(&together).await };
        let others = async {
            begun.wait_for(|begun| *begun == 1).await.unwrap();
            let others = join_all((0..100).map(|_| counter.ask(&together)));
            let let_through = async {
                counter.gate.add_permits(1);
                begun.clone().wait_for(|begun| *begun == 2).await.unwrap();
                counter.gate.add_permits(1);
            };
            tokio::join!(others, let_through).0
        };

        let (first, others) = tokio::join!(first, others);

        assert_eq!(first, Some(1));
        assert!(others.len() == 100 && others.iter().all(|told| *told == Some(2)), "{others:?}");
        assert!(lock(&together.waiting).is_empty());
    }

    #[tokio::test]
    async fn who_asks_later_is_not_told_what_was() {
        let (together, counter) = (Together::default(), Counter::new());
        counter.gate.add_permits(2);

        assert_eq!(counter.ask(&together).await, Some(1));
        assert_eq!(counter.ask(&together).await, Some(2));
    }

    #[tokio::test]
    async fn after_a_panic_others_are_answered() {
        let (together, tries) = (Together::default(), Arc::new(AtomicUsize::new(0)));
        let ask = async || {
            let tries = Arc::clone(&tries);
            let answer = move || {
                let tries = Arc::clone(&tries);
                async move {
                    assert!(tries.fetch_add(1, SeqCst) > 0, "the first one fails");
                    "told"
                }
            };
            together.ask("what", answer).await
        };

        assert_eq!(ask().await, None);
        assert_eq!(ask().await, Some("told"));
    }
}
