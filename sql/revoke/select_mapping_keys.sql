-- Which access there is: every mapping row's key, in no order.
-- -> user_id, rmm_id
SELECT m.user_id,
       m.rmm_id
  FROM map_rap_user_role m
