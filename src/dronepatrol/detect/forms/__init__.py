"""The forms in which detection networks take images and put out their finds, brought into one. Pure.

``n`` anchors (cells of the grids with strides 8, 16 and 32) of an input of w by h pixels, batch ``b``, ``c`` classes:

============  ==================================================  =================================================
yolox         (b, n, 5 + c)                                       offsets and log sizes, objectness, class scores
yolov5        (b, 3 n, 5 + c)                                     centre and size, objectness, class scores
yolov8        (b, 4 + c, n)                                       centre and size, class scores (also v9, v11)
rtdetr        (b, q, 4 + c)                                       centre and size as shares, class scores
detr          boxes (b, q, 4), logits (b, q, c)                   centre and size as shares, class logits (RF-DETR)
end2end       (b, q, 6)                                           edges, score, class number: NMS in the graph
end2end7      (q, 7)                                              image number, edges, class number, score
sets          boxes (b, q, 4) or (q, 4), scores, labels           edges, score, class number
mmdet         dets (b, q, 5), labels (b, q)                       edges and score, class number (MMDeploy)
============  ==================================================  =================================================

Sizes are input pixels where nothing else is said. Which of a network's outputs is which is told by shape and name,
never by order; where that leaves two answers, the sidecar TOML says ``form``. Which pixels a network takes, no file
says: it is the usual of its family, and where the outputs leave the family open the sidecar says ``rgb``, ``mean``
and ``std``.
"""
