"""The server of the page: who may ask (guard), what is slow (lane), what is answered (app)."""
