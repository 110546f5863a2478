use super::*;
use crate::identity::Realm;
use crate::stream::offsets::Sequence;

fn names() -> ExecutionNames {
    ExecutionNames::new(&Realm::default(), "p", "w", "t", 0)
}

fn committed(partitions: &mut Partitions) -> Vec<(String, i32, Offset)> {
    let mut found = Vec::new();
    if let Some(list) = partitions.take_uncommitted() {
        found.extend(list.elements().iter().map(|e| (e.topic().to_owned(), e.partition(), e.offset())));
    }
    found
}

#[test]
fn a_ticket_survives_its_way_through_the_producer() {
    let slot = Slot { index: 9_999, generation: 200_001 };
    let ticket = Ticket::new(slot, Sequence(u32::MAX - 1));
    let back = Ticket::from_opaque(ticket.opaque());
    assert_eq!((back.slot(), back.sequence()), (slot, Sequence(u32::MAX - 1)));
}

#[test]
fn an_acknowledgement_from_before_a_rebalance_completes_nothing() {
    let mut partitions = Partitions::default();
    let before = partitions.assign("t", 0, names()).expect("there is room");
    let old = partitions.track(before, 5, 10).expect("assigned");
    partitions.release(before);
    let after = partitions.assign("t", 0, names()).expect("there is room");
    let new = partitions.track(after, 5, 10).expect("assigned");
    assert!(!partitions.complete(old));
    assert_eq!(committed(&mut partitions), []);
    assert!(partitions.complete(new));
    assert_eq!(committed(&mut partitions), [("t".to_owned(), 0, Offset::Offset(6))]);
}

#[test]
fn letting_go_takes_its_records_out_of_flight() {
    let mut partitions = Partitions::default();
    let a = partitions.assign("t", 0, names()).expect("there is room");
    let b = partitions.assign("t", 1, names()).expect("there is room");
    partitions.track(a, 0, 10).expect("assigned");
    let kept = partitions.track(b, 0, 7).expect("assigned");
    partitions.release(a);
    assert_eq!((partitions.in_flight(), partitions.in_flight_bytes()), (1, 7));
    assert!(partitions.track(a, 1, 10).is_none());
    assert!(partitions.complete(kept));
    assert_eq!((partitions.in_flight(), partitions.in_flight_bytes()), (0, 0));
}

#[test]
fn a_message_is_found_by_address_only_within_its_assignment() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    assert_eq!(partitions.find_message(1, || "t", 0), Some(slot));
    assert_eq!(partitions.find_message(1, || unreachable!("the address is known"), 0), Some(slot));
    partitions.release(slot);
    assert_eq!(partitions.find_message(1, || "t", 0), None);
}

#[test]
fn a_partition_at_the_bound_is_held_until_half_of_it_is_committed() {
    let mut partitions = Partitions::bounded(4);
    let [a, b] = [0, 1].map(|number| partitions.assign("t", number, names()).expect("there is room"));
    let tickets: Vec<_> = (0..4).map(|offset| partitions.track(a, offset, 1).expect("assigned")).collect();
    partitions.track(b, 0, 1).expect("assigned");
    assert!(partitions.has_full());
    assert_eq!((partitions.hold_full().count(), partitions.held(), partitions.uncommitted()), (1, 1, 5));
    assert!(!partitions.has_full() && partitions.list_not_held().is_some_and(|list| list.count() == 1));
    tickets[1..].iter().for_each(|ticket| assert!(partitions.complete(*ticket)));
    assert_eq!(partitions.unhold().count(), 0, "the first is not complete");
    partitions.complete(tickets[0]);
    assert_eq!(partitions.unhold().count(), 0, "nothing is committed");
    let list = partitions.take_uncommitted().expect("it moved");
    partitions.commit_succeeded(&list);
    assert_eq!((partitions.unhold().count(), partitions.held(), partitions.uncommitted()), (1, 0, 1));
    (4..8).for_each(|offset| assert!(partitions.track(a, offset, 1).is_some()));
    assert_eq!(partitions.hold_full().count(), 1);
    partitions.release(a);
    assert_eq!((partitions.held(), partitions.uncommitted()), (0, 1));
}

#[test]
fn a_failed_commit_is_offered_again() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    let ticket = partitions.track(slot, 0, 1).expect("assigned");
    partitions.complete(ticket);
    let list = partitions.take_uncommitted().expect("it moved");
    assert!(partitions.take_uncommitted().is_none());
    partitions.commit_failed(&list);
    assert_eq!(committed(&mut partitions).len(), 1);
}

#[test]
fn lag_counts_from_what_is_complete_or_where_reading_began() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    let lag = |partitions: &Partitions, client: Option<Position>| {
        partitions.partition(slot).expect("assigned").lag(100, client.as_ref())
    };
    partitions.partition_mut(slot).expect("assigned").begin(39, true);
    let ticket = partitions.track(slot, 39, 1).expect("assigned");
    assert_eq!(lag(&partitions, None), 61);
    partitions.complete(ticket);
    assert_eq!(lag(&partitions, None), 60);
}

#[test]
fn a_position_at_the_end_is_no_lag_though_markers_stand_before_it() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    partitions.partition_mut(slot).expect("assigned").begin(90, true);
    let ticket = partitions.track(slot, 93, 1).expect("assigned");
    let lag = |partitions: &Partitions, next, queued| {
        partitions.partition(slot).expect("assigned").lag(100, Some(&Position { next, queued }))
    };
    assert_eq!(lag(&partitions, 100, 0), 10, "one record is in flight");
    partitions.complete(ticket);
    assert_eq!(lag(&partitions, 100, 0), 0);
    assert_eq!(lag(&partitions, 100, 1), 6, "one record waits in the client");
    assert_eq!(lag(&partitions, 99, 0), 6, "one record was not fetched");
}

#[test]
fn a_commit_carries_what_is_complete_above_it_as_far_as_brokers_take_it() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    partitions.partition_mut(slot).expect("assigned").begin(5, true);
    let tickets: Vec<Ticket> = (5..9).map(|offset| partitions.track(slot, offset, 1).expect("assigned")).collect();
    tickets[1..].iter().for_each(|ticket| assert!(partitions.complete(*ticket)));
    let told = |partitions: &mut Partitions| {
        let list = partitions.take_uncommitted().expect("something moved");
        let elements = list.elements();
        assert_eq!(elements[0].offset(), Offset::Offset(5));
        partitions.commit_failed(&list);
        let runs: Vec<(i64, i64)> =
            Done::read(5, elements[0].metadata()).runs().map(|run| (run.start, run.end)).collect();
        runs
    };
    assert_eq!(told(&mut partitions), [(6, 9)]);
    while partitions.shorten_metadata() > 0 {}
    assert_eq!(told(&mut partitions), []);
}

#[test]
fn what_the_group_knows_to_be_done_is_not_among_what_a_crash_runs_again() {
    let mut partitions = Partitions::bounded(3);
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    partitions.partition_mut(slot).expect("assigned").begin(0, true);
    for offset in 0..100 {
        let ticket = partitions.track(slot, offset, 1).expect("assigned");
        if offset == 0 {
            continue;
        }
        partitions.complete(ticket);
        let list = partitions.take_uncommitted().expect("something moved");
        partitions.commit_succeeded(&list);
        assert!(partitions.uncommitted() == 1 && !partitions.has_full(), "at {offset}");
    }
    // Not told yet.
    let tickets = [100, 101].map(|offset| partitions.track(slot, offset, 1).expect("assigned"));
    assert!(partitions.uncommitted() == 3 && partitions.has_full());
    assert_eq!(partitions.hold_full().count(), 1);
    assert_eq!(partitions.unhold().count(), 0);
    for ticket in tickets {
        partitions.complete(ticket);
    }
    let list = partitions.take_uncommitted().expect("something moved");
    partitions.commit_succeeded(&list);
    assert_eq!(partitions.unhold().count(), 1);
    partitions.release(slot);
    assert_eq!(partitions.uncommitted(), 0);
}

#[test]
fn a_partition_of_which_a_key_has_no_room_is_held_until_it_has() {
    let mut partitions = Partitions::default();
    let slot = partitions.assign("t", 0, names()).expect("there is room");
    partitions.lane_is_full(slot);
    partitions.lane_is_full(slot);
    assert_eq!(partitions.hold_full().count(), 1);
    partitions.lane_has_room(slot);
    assert_eq!(partitions.unhold().count(), 0, "the other has none");
    partitions.lane_has_room(slot);
    assert_eq!(partitions.unhold().count(), 1);
}
