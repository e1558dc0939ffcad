//! Pages of listings, and the keys they go on from.

use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId, WorkerName},
    proto,
};

use super::{Unreadable, Wire};
use crate::kit::PageAfter;

/// What a listing is ordered by.
pub(super) trait Key: Sized {
    fn words(self) -> Vec<String>;
    fn of_words(words: &[String]) -> Option<Self>;

    /// No words: no key.
    fn maybe(words: &[String]) -> Result<Option<Self>, Unreadable> {
        if words.is_empty() { Ok(None) } else { Self::of_words(words).map(Some).ok_or(Unreadable::Field("after")) }
    }
}

impl Key for TaskId {
    fn words(self) -> Vec<String> {
        vec![self.to_string()]
    }

    fn of_words(words: &[String]) -> Option<Self> {
        words.first()?.parse().ok()
    }
}

impl Key for i64 {
    fn words(self) -> Vec<String> {
        vec![self.to_string()]
    }

    fn of_words(words: &[String]) -> Option<Self> {
        words.first()?.parse().ok()
    }
}

impl Key for TaskQueueId {
    fn words(self) -> Vec<String> {
        vec![self.0]
    }

    fn of_words(words: &[String]) -> Option<Self> {
        words.first().cloned().map(Self)
    }
}

impl Key for WorkerName {
    fn words(self) -> Vec<String> {
        vec![self.worker_group, self.worker_id]
    }

    fn of_words(words: &[String]) -> Option<Self> {
        let [worker_group, worker_id] = words else { return None };
        Some(Self { worker_group: worker_group.clone(), worker_id: worker_id.clone() })
    }
}

impl<K: Key> Wire for PageAfter<K> {
    type Message = proto::Page;

    fn write(self) -> proto::Page {
        proto::Page { after: self.after.map(Key::words).unwrap_or_default(), limit: self.limit }
    }

    fn read(message: proto::Page) -> Result<Self, Unreadable> {
        Ok(Self { after: K::maybe(&message.after)?, limit: message.limit })
    }
}

fn page<K: Key>(message: Option<proto::Page>) -> Result<PageAfter<K>, Unreadable> {
    PageAfter::read(message.unwrap_or_default())
}

impl Wire for (TaskId, PageAfter<TaskId>) {
    type Message = proto::TaskPage;

    fn write(self) -> proto::TaskPage {
        proto::TaskPage { task_id: self.0.to_string(), page: Some(self.1.write()) }
    }

    fn read(message: proto::TaskPage) -> Result<Self, Unreadable> {
        Ok((message.task_id.parse()?, page(message.page)?))
    }
}

impl Wire for (TaskGroupId, PageAfter<TaskId>) {
    type Message = proto::TaskPage;

    fn write(self) -> proto::TaskPage {
        proto::TaskPage { task_id: self.0.to_string(), page: Some(self.1.write()) }
    }

    fn read(message: proto::TaskPage) -> Result<Self, Unreadable> {
        Ok((message.task_id.parse()?, page(message.page)?))
    }
}

impl<K: Key> Wire for (TaskQueueId, PageAfter<K>) {
    type Message = proto::QueuePage;

    fn write(self) -> proto::QueuePage {
        proto::QueuePage { task_queue_id: self.0.0, page: Some(self.1.write()) }
    }

    fn read(message: proto::QueuePage) -> Result<Self, Unreadable> {
        Ok((TaskQueueId(message.task_queue_id), page(message.page)?))
    }
}

impl Wire for (Option<String>, PageAfter<TaskQueueId>) {
    type Message = proto::QueuePage;

    fn write(self) -> proto::QueuePage {
        proto::QueuePage { task_queue_id: self.0.unwrap_or_default(), page: Some(self.1.write()) }
    }

    fn read(message: proto::QueuePage) -> Result<Self, Unreadable> {
        let provisioner_id = Some(message.task_queue_id).filter(|id| !id.is_empty());
        Ok((provisioner_id, page(message.page)?))
    }
}
