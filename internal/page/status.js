"use strict";
// Each event is the part of the page that changes. When many pages are open, a page gets
// one event each time it asks, which the browser does by itself. Without scripts the page
// stays as it was loaded. What has changed in a word is said to those who do not see it.
const live = document.getElementById("live");
const part = document.getElementById("status");
const said = document.getElementById("said");
const say = (text, mood) => { live.textContent = text; live.className = "live " + mood; };
let pause = ""; // in seconds, while many pages are open
const events = new EventSource("events" + location.search); // of the same page of wallets
events.onmessage = (event) => {
  pause = "";
  part.innerHTML = event.data;
  const state = document.getElementById("state").textContent;
  if (said.textContent !== state) said.textContent = state;
  document.title = state + " – spvd";
  say("live", "on");
};
events.addEventListener("crowded", (event) => {
  pause = event.data;
  say(`many pages are open: brought up to date every ${pause} seconds`, "on");
});
events.addEventListener("ended", () => location.reload()); // the session of the user is over
events.onerror = () => {
  if (pause) pause = ""; // the end of an answer that was one event
  else say("not connected: this may be out of date", "off");
};
