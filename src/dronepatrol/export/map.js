"use strict";
// The panel beside the map. Names of the map's own variables come in data- attributes of the page's elements.
function dpCluster(cluster) {
  const icons = cluster.getAllChildMarkers().map((marker) => marker.options.icon.options);
  const color = icons[0].html.match(/#[0-9a-f]{6}/i)[0];
  const isReviewed = icons.every((icon) => !icon.className.includes("dp-suspected"));
  const html = `<div class="dp-cluster" style="--c:${color}">${cluster.getChildCount()}</div>`;
  return L.divIcon({ html, className: `dp-cluster-icon ${isReviewed ? "dp-reviewed" : ""}`, iconSize: [30, 30] });
}

window.addEventListener("load", () => {
  const map = window[document.querySelector(".folium-map").id];
  const items = [...document.querySelectorAll(".dp-item")];
  const boxes = [...document.querySelectorAll("#dp-classes input")];
  const search = document.getElementById("dp-search");

  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  const north = L.control({ position: "bottomright" });
  north.onAdd = () => {
    const node = L.DomUtil.create("div", "dp-north");
    node.innerHTML = '<svg width="18" height="20" viewBox="0 0 18 20"><path d="M9 0 16 19 9 14 2 19Z" fill="#17252f"/></svg>';
    node.append(document.getElementById("dp-panel").dataset.north);
    return node;
  };
  north.addTo(map);

  function filter() {
    const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = search.value.trim().toLowerCase();
    for (const box of boxes) {
      const layer = window[box.dataset.layer];
      if (box.checked) map.addLayer(layer); else map.removeLayer(layer);
    }
    for (const item of items) {
      item.parentElement.hidden = !(shown.has(item.dataset.class) && item.textContent.toLowerCase().includes(words));
    }
  }

  function open(item) {
    items.forEach((other) => other.classList.toggle("dp-on", other === item));
    if (item.dataset.bounds) { // a shape, not a marker
      map.fitBounds(JSON.parse(item.dataset.bounds), { animate: false });
      return;
    }
    const marker = window[item.dataset.marker];
    map.setView(marker.getLatLng(), Math.max(map.getZoom(), 19), { animate: false }); // nothing is clustered from 19 on
    marker.openPopup();
  }

  boxes.forEach((box) => box.addEventListener("change", filter));
  search.addEventListener("input", filter);
  items.forEach((item) => item.addEventListener("click", () => open(item)));
});
