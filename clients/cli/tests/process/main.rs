//! Real daemons as processes on loopback, driven by the real `ahoy --json`: what scripts rely on.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod history;
#[cfg(test)]
mod home;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lan;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod rejoin;
#[cfg(test)]
mod scarce;
#[cfg(test)]
mod scene;
