"use strict";
// Each event is the part of the page that changes. Without scripts, or when too many
// pages are open, the page stays as it was loaded. What has changed in a word is said
// to those who do not see it.
const live = document.getElementById("live");
const part = document.getElementById("status");
const said = document.getElementById("said");
const say = (text, mood) => { live.textContent = text; live.className = "live " + mood; };
const events = new EventSource("events");
events.onmessage = (event) => {
  part.innerHTML = event.data;
  const state = document.getElementById("state").textContent;
  if (said.textContent !== state) said.textContent = state;
  document.title = state + " – spvd";
  say("live", "on");
};
events.onerror = () => { say("not connected: this may be out of date", "off"); };
