"use strict";
// The plan's report: scale and north on its map. Text comes in data- attributes of the page's elements.
window.addEventListener("load", () => {
  const map = window[document.querySelector(".folium-map").id];
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  const north = L.control({ position: "bottomright" });
  north.onAdd = () => {
    const node = L.DomUtil.create("div", "dp-north");
    node.innerHTML = '<svg width="18" height="20" viewBox="0 0 18 20"><path d="M9 0 16 19 9 14 2 19Z" fill="#17252f"/></svg>';
    node.append(document.body.querySelector("[data-north]").dataset.north);
    return node;
  };
  north.addTo(map);
  map.scrollWheelZoom.disable(); // the page scrolls; a click into the map lets the wheel zoom
  map.on("click", () => map.scrollWheelZoom.enable());
});
