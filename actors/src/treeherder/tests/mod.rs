mod faults;
mod house;
mod life;
mod replay;
