"""The ground side of flying: a link to one vehicle, a controller that decides, a session that runs them."""
