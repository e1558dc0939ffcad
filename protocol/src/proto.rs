//! What the build makes of the files in `proto/drover/v1`. Numbers of fields are never used for something else.

#![allow(clippy::pedantic, unused_qualifications, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/drover.v1.rs"));
