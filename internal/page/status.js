"use strict";
// Each event is the part of the page that changes. Without scripts, or when
// too many pages are open, the page stays as it was loaded.
const live = document.getElementById("live");
const events = new EventSource("events");
events.onmessage = (event) => {
  document.getElementById("status").innerHTML = event.data;
  live.textContent = "live";
};
events.onerror = () => { live.textContent = "not connected"; };
