//! From Rust types to protobuf messages and back.

use std::fmt::Display;

use chrono::DateTime;
use prost::{Message, bytes::Bytes};
use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    proto,
    state::{Priority, ReasonResolved, TaskState},
    status::TaskStatus,
    time::Timestamp,
};

/// A value that travels between processes as `P`: a message of protobuf, or the type of a field.
pub trait Proto<P>: Sized {
    fn into_proto(self) -> P;
    fn from_proto(proto: P) -> Result<Self, InvalidMessage>;
}

/// Why a message makes no value: the path of the field, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMessage(String);

impl InvalidMessage {
    pub fn new(reason: impl Display) -> Self {
        Self(reason.to_string())
    }

    #[must_use]
    pub fn within(self, field: &str) -> Self {
        Self(format!("{field}: {}", self.0))
    }
}

pub fn encode<P: Message>(value: impl Proto<P>) -> Bytes {
    value.into_proto().encode_to_vec().into()
}

pub fn decode<P: Message + Default, T: Proto<P>>(bytes: Bytes) -> Result<T, InvalidMessage> {
    T::from_proto(P::decode(bytes).map_err(InvalidMessage::new)?)
}

/// Says as what a type travels: a struct as the message with fields of the same names, or, as `T = Message.field`, a type
/// that is the only field of a message.
macro_rules! proto_message {
    ($type:ty = $message:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::kit::rpc::Proto<protocol::proto::$message> for $type {
            fn into_proto(self) -> protocol::proto::$message {
                protocol::proto::$message { $($field: $crate::kit::rpc::Proto::into_proto(self.$field)),+ }
            }

            fn from_proto(
                message: protocol::proto::$message,
            ) -> Result<Self, $crate::kit::rpc::InvalidMessage> {
                Ok(Self {
                    $($field: $crate::kit::rpc::Proto::from_proto(message.$field)
                        .map_err(|error| error.within(stringify!($field)))?,)+
                })
            }
        }
        $crate::kit::rpc::proto_message!(@required $type = $message);
    };
    ($type:ty = $message:ident . $field:ident) => {
        impl $crate::kit::rpc::Proto<protocol::proto::$message> for $type {
            fn into_proto(self) -> protocol::proto::$message {
                protocol::proto::$message { $field: $crate::kit::rpc::Proto::into_proto(self) }
            }

            fn from_proto(
                message: protocol::proto::$message,
            ) -> Result<Self, $crate::kit::rpc::InvalidMessage> {
                $crate::kit::rpc::Proto::from_proto(message.$field).map_err(|error| error.within(stringify!($field)))
            }
        }
    };
    // As a field of another message, which protobuf lets be missing.
    (@required $type:ty = $message:ident) => {
        impl $crate::kit::rpc::Proto<Option<protocol::proto::$message>> for $type {
            fn into_proto(self) -> Option<protocol::proto::$message> {
                Some($crate::kit::rpc::Proto::into_proto(self))
            }

            fn from_proto(
                message: Option<protocol::proto::$message>,
            ) -> Result<Self, $crate::kit::rpc::InvalidMessage> {
                let missing = || $crate::kit::rpc::InvalidMessage::new("missing");
                $crate::kit::rpc::Proto::from_proto(message.ok_or_else(missing)?)
            }
        }
    };
}
pub(crate) use proto_message;

impl<T: Proto<P>, P> Proto<Option<P>> for Option<T> {
    fn into_proto(self) -> Option<P> {
        self.map(T::into_proto)
    }

    fn from_proto(proto: Option<P>) -> Result<Self, InvalidMessage> {
        proto.map(T::from_proto).transpose()
    }
}

impl<T: Proto<P>, P> Proto<Vec<P>> for Vec<T> {
    fn into_proto(self) -> Vec<P> {
        self.into_iter().map(T::into_proto).collect()
    }

    fn from_proto(proto: Vec<P>) -> Result<Self, InvalidMessage> {
        proto.into_iter().map(T::from_proto).collect()
    }
}

/// Fields whose type has a form of its own in protobuf.
macro_rules! proto_field {
    ($($type:ty = $proto:ty: $into:expr, $from:expr;)+) => {
        $(impl Proto<$proto> for $type {
            fn into_proto(self) -> $proto {
                ($into)(self)
            }

            fn from_proto(proto: $proto) -> Result<Self, InvalidMessage> {
                ($from)(proto)
            }
        })+
    };
}

proto_field! {
    String = String: |it| it, Ok;
    bool = bool: |it| it, Ok;
    i64 = i64: |it| it, Ok;
    i64 = String: |it: Self| it.to_string(), |it: String| it.parse().map_err(InvalidMessage::new);
    u16 = u32: Into::into, |it: u32| it.try_into().map_err(InvalidMessage::new);
    RunId = i32: Into::into, |it: i32| it.try_into().map_err(InvalidMessage::new);
    Timestamp = i64: |it: Self| it.timestamp_millis(),
        |it| DateTime::from_timestamp_millis(it).ok_or_else(|| InvalidMessage::new("no point in time"));
    TaskId = String: |it: Self| it.to_string(), |it: String| it.parse().map_err(InvalidMessage::new);
    TaskGroupId = String: |it: Self| it.to_string(), |it: String| it.parse().map_err(InvalidMessage::new);
    TaskQueueId = String: |it: Self| it.0, |it| Ok(Self(it));
    Priority = i32: |it: Self| it.code().into(), |it| Self::from_code(code(it)?).map_err(InvalidMessage::new);
    TaskState = i32: |it: Self| it.code().into(), |it| Self::from_code(code(it)?).map_err(InvalidMessage::new);
    ReasonResolved = i32: |it: Self| it.code().into(), |it| Self::from_code(code(it)?).map_err(InvalidMessage::new);
    TaskStatus = proto::TaskStatus: |it: Self| (&it).into(), |it: proto::TaskStatus| it.try_into().map_err(InvalidMessage::new);
}

fn code(number: i32) -> Result<i16, InvalidMessage> {
    number.try_into().map_err(InvalidMessage::new)
}

proto_message!(@required TaskStatus = TaskStatus);
proto_message!(WorkerName = WorkerName { worker_group, worker_id });
