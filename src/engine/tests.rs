//! What only the inside can tell. Everything else is tested through the public API, in `tests/language`.

use super::frame::Wait;
use super::pool::{Id, Pool};
use super::run::Run;
use super::{Limits, Timestamp};

#[test]
fn a_released_id_finds_nothing_even_when_its_slot_is_used_again() {
    let mut pool: Pool<u32> = Pool::new();
    let first = pool.acquire();
    *pool.at_mut(first) = 1;
    pool.release(first);
    let second = pool.acquire();
    assert_eq!((second.index, pool.find(first)), (first.index, None));
    pool.release(first);
    assert_eq!(pool.find(second), Some(&mut 1), "a stale id releases nothing; contents are left for reuse");
}

#[test]
fn a_used_pool_hands_out_the_slots_of_a_new_one() {
    let mut pool: Pool<u32> = Pool::new();
    let indexes = |pool: &mut Pool<u32>| {
        let ids: Vec<Id> = (0..4).map(|_| pool.acquire()).collect();
        pool.release(ids[2]);
        pool.release(ids[1]);
        let again = pool.acquire();
        assert_eq!(pool.iter().map(|(id, _)| id.index).collect::<Vec<_>>(), [0, 1, 3]);
        ids.iter().chain([&again]).map(|id| id.index).collect::<Vec<_>>()
    };
    let new = indexes(&mut pool);
    let stale = pool.iter().next().map(|(id, _)| id).unwrap_or_default();
    pool.release_all();
    assert_eq!(pool.iter().count(), 0);
    assert_eq!(indexes(&mut pool), new);
    assert_eq!(pool.find(stale), None);
}

#[test]
fn a_loop_of_calls_in_time_leaves_no_pile_of_timers() {
    let mut run = Run::new(Limits::default());
    let waiting = run.frames.acquire();
    run.wait(waiting, Wait::Delay, Some(Timestamp(9)));
    let looping = run.frames.acquire();
    for ordinal in 0..10_000 {
        run.wait(looping, Wait::Call { ordinal, heartbeat: false }, Some(Timestamp(5)));
    }
    assert!(run.timers.len() < 100, "{} timers for two frames", run.timers.len());
    assert_eq!(run.due(), None);
    run.now = Timestamp(9);
    let due = [run.due(), run.due(), run.due()];
    let last = Wait::Call { ordinal: 9_999, heartbeat: false };
    assert_eq!(due, [Some((looping, last)), Some((waiting, Wait::Delay)), None]);
}
