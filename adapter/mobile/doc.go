// Package mobile is a light client for apps on phones: gomobile bind makes a library for
// Android and iOS of it. It is a thin cover of the engine that the C library has, so the header
// cmd/libspvd/spvd.h says what configurations, methods, events and errors are.
//
//	Client c = new Client("{\"dir\":\"" + getFilesDir() + "\",\"network\":\"testnet\"}");
//	c.start();
//	c.call("", "subscribe", "[\"syncstatus\"]");
//	String event = c.next(-1);
//
// Every method may be called from any thread; call and next wait, so an app calls them from a
// thread of its own. The text of an error is a JSON object with the members code and message.
//
// An app that is sent to the background may be stopped at any moment: nothing that was
// acknowledged is lost. It need not call anything before; stop makes it cost nothing meanwhile.
//
// All is in client.go. Its exported functions take and return nothing but what gomobile bind can
// translate, which a test holds.
package mobile
