drop table stores, market_stock_locations, markets, stock_locations, merchants;
drop procedure index_common(text);
