//! Sending what is new: practice by practice in turn, within the window of what was not acknowledged.

use std::collections::{BTreeMap, VecDeque};

use kernel::{Failure, PracticeId};

use super::{BATCH_MAX, End, Gone, Message, Stream};
use crate::event::{Batch, Event};

/// Events read at a time: several batches, so that reading is not what a batch waits for.
const PAGE: i64 = 2000;

/// One practice within the stream.
#[derive(Debug)]
pub(super) struct Lane {
    /// Read and sent, or kept back by the filter.
    pub(super) sent: i64,
    /// The last event that passed the filter.
    pub(super) matched: i64,
    /// What the last progress message told.
    pub(super) told: i64,
    /// Positions of events sent and not acknowledged, in order. What the filter kept back is nobody's to acknowledge.
    pub(super) unacked: VecDeque<i64>,
    /// Set when the events asked for are gone: nothing of this practice follows.
    pub(super) closed: bool,
}

impl Lane {
    pub(super) fn acknowledged(&mut self, upto: i64) {
        while self.unacked.pop_front_if(|position| *position <= upto).is_some() {}
    }
}

impl Stream {
    /// How many more events may be sent before one must be acknowledged.
    pub(super) fn room(&self, lanes: &BTreeMap<PracticeId, Lane>) -> i64 {
        let outstanding: usize = lanes.values().map(|lane| lane.unacked.len()).sum();
        (self.request.max_outstanding - i64::try_from(outstanding).unwrap_or(i64::MAX)).max(0)
    }

    /// Sends the next events of the next practice that has some; practices take turns.
    pub(super) async fn send_next(
        &self,
        lanes: &mut BTreeMap<PracticeId, Lane>,
        turns: &mut VecDeque<PracticeId>,
    ) -> Result<bool, End> {
        let limit = self.room(lanes).min(PAGE);
        for _ in 0..turns.len() {
            let Some(practice) = turns.pop_front() else { break };
            turns.push_back(practice);
            let Some(lane) = lanes.get_mut(&practice) else { continue };
            let head = self.hub.head(practice);
            if lane.closed || lane.sent >= head || limit == 0 {
                continue;
            }
            let read = self.reader.after(practice, lane.sent, head, &self.request.topics, limit).await;
            let mut events = read.map_err(Failure::from)?;
            for event in &mut events {
                event.previous = std::mem::replace(&mut lane.matched, event.position);
                lane.unacked.push_back(event.position);
            }
            // fewer than asked for: everything up to the head was looked at
            let full = i64::try_from(events.len()).unwrap_or(i64::MAX) >= limit;
            lane.sent = if full { lane.matched } else { head };
            self.send_all(practice, events).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn send_all(&self, practice: PracticeId, mut events: Vec<Event>) -> Result<(), Gone> {
        let size = self.request.batch_max.clamp(1, BATCH_MAX);
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(size));
            let batch = Batch { practice, events: std::mem::replace(&mut events, rest) };
            self.send(Message::Batch(batch)).await?;
        }
        Ok(())
    }

    pub(super) async fn beat(&self, lanes: &mut BTreeMap<PracticeId, Lane>) -> Result<(), End> {
        let mut sent = Vec::new();
        for (practice, lane) in lanes.iter_mut().filter(|(_, lane)| lane.sent != lane.told) {
            lane.told = lane.sent;
            sent.push((*practice, lane.sent));
        }
        Ok(self.send(Message::Progress(sent)).await?)
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), Gone> {
        self.out.send(Ok(message)).await.map_err(|_closed| Gone)
    }
}
